"""Processes beside this one, for work that holds Python's lock. They end with it, also when it is killed."""

from __future__ import annotations

import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from threading import Thread

# As many as a machine is asked to have cores.
WORKERS = 2


def worker_pool() -> ProcessPoolExecutor:
    """Return a pool of processes that share nothing with this one: threads and open databases do not survive a fork."""
    context = multiprocessing.get_context("forkserver")
    return ProcessPoolExecutor(WORKERS, mp_context=context, initializer=_end_with_parent)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()

    def wait() -> None:
        if parent is not None:
            parent.join()
        os._exit(1)

    Thread(target=wait, daemon=True).start()
