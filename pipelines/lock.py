"""One run writes a workspace at a time: an operating-system file lock, freed by the kernel when a process dies."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from assets.workspace import Workspace

# A look at the lock holds it for an instant; a run that begins just then waits that out.
PATIENCE_SECONDS = 0.5


class WorkspaceBusy(Exception):
    """Another run holds the workspace."""


@contextmanager
def run_lock(workspace: Workspace) -> Iterator[None]:
    """Hold the workspace's lock. Raises WorkspaceBusy when another run has it."""
    lock = _lock(workspace)
    try:
        lock.acquire(timeout=PATIENCE_SECONDS)
    except Timeout:
        raise WorkspaceBusy(
            f"Another run is working in {workspace.root}; wait for it to end. (Một lần chạy khác đang dùng thư mục này.)"
        ) from None
    try:
        yield
    finally:
        lock.release()


def is_locked(workspace: Workspace) -> bool:
    """Return whether a run holds the workspace right now."""
    lock = _lock(workspace)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    lock.release()
    return False


def _lock(workspace: Workspace) -> FileLock:
    workspace.state.mkdir(parents=True, exist_ok=True)
    return FileLock(workspace.state / "run.lock")
