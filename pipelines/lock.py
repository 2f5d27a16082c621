"""One run writes a workspace at a time: an operating-system file lock, freed by the kernel when a process dies."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from assets.workspace import Workspace


class WorkspaceBusy(Exception):
    """Another run holds the workspace."""


@contextmanager
def run_lock(workspace: Workspace) -> Iterator[None]:
    """Hold the workspace's lock. Raises WorkspaceBusy at once when another run has it."""
    workspace.state.mkdir(parents=True, exist_ok=True)
    lock = FileLock(workspace.state / "run.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise WorkspaceBusy(
            f"Another run is working in {workspace.root}; wait for it to end. (Một lần chạy khác đang dùng thư mục này.)"
        ) from None
    try:
        yield
    finally:
        lock.release()
