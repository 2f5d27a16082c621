"""Survey servers and paged JSON APIs as inputs: one module per service, and what they share."""
