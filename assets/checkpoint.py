"""Named points of a run at which tests kill the process, to prove that no kill needs a repair by hand."""

from __future__ import annotations

import os
import signal

KILL_VARIABLE = "SIPAS_KILL_AT"


def checkpoint(name: str) -> None:
    """Kill this process with SIGKILL when the environment names this point; else do nothing."""
    if os.environ.get(KILL_VARIABLE) == name:
        os.kill(os.getpid(), signal.SIGKILL)
