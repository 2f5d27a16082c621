"""Looking things up in a published revision: analysts' queries, and what stands behind a figure. Nothing here writes one."""
