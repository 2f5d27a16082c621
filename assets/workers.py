"""Processes beside this one, for work that holds Python's lock. They end with it, also when it is killed."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from threading import Thread

# As many as a machine is asked to have cores.
WORKERS = 2


def can_have_workers() -> bool:
    """Whether this process may have children: a daemon, as some schedulers start them, may not."""
    return not multiprocessing.current_process().daemon


def worker_pool(begin: Callable[..., None] | None = None, *arguments: object) -> ProcessPoolExecutor:
    """Return a pool of processes, each beginning with `begin(*arguments)`.

    They share nothing with this one: threads and open databases do not survive a fork.
    """
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(WORKERS, context, partial(_begin, begin, *arguments))


def _begin(begin: Callable[..., None] | None, *arguments: object) -> None:
    Thread(target=_end_with_parent, daemon=True).start()
    if begin is not None:
        begin(*arguments)


def _end_with_parent() -> None:
    """A parent that is killed leaves nobody behind who would go on to read or write."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
