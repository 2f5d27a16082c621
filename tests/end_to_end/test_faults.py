"""A disk that takes no more and folders that may not be written: told in a line, nothing lost, no repair afterwards."""

from __future__ import annotations

import stat
from collections.abc import Callable

import pytest
from killed_runs import ledger, whole
from sipas_process import Finished, Sipas
from tiny_office import july

from assets.publish.revision import current_revision, open_current
from assets.workspace import Workspace

CopyOf = Callable[[Workspace, str], Workspace]


def assert_told(failed: Finished) -> None:
    assert failed.code == 1, failed.output
    assert "Traceback" not in failed.output
    assert "sipas doctor" in failed.output or "FAILED" in failed.output


def assert_nothing_lost(workspace: Workspace, before: str | None) -> None:
    assert current_revision(workspace) == before
    assert whole(open_current(workspace))


def test_a_disk_that_is_full(sipas: Sipas, published: Workspace, copy_of: CopyOf) -> None:
    """A file that may not grow is what a full disk is to whoever writes it: first the ledger, then a table of the warehouse."""
    workspace = copy_of(published, "office")
    before = current_revision(workspace)
    july(workspace)
    for most in (4_096, 1_500_000):
        failed = sipas.run(workspace, file_bytes=most)
        assert_told(failed)
        assert_nothing_lost(workspace, before)
    done = sipas.run(workspace)
    assert done.code == 0, done.output
    assert current_revision(workspace) != before and whole(open_current(workspace))
    ledger(workspace)


@pytest.mark.parametrize("folder", ["landing", "published/revisions", "state"])
def test_folders_that_may_not_be_written(folder: str, sipas: Sipas, published: Workspace, copy_of: CopyOf) -> None:
    workspace = copy_of(published, "office")
    before = current_revision(workspace)
    july(workspace)
    locked = [path for path in (workspace.root / folder, *(workspace.root / folder).rglob("*")) if path.is_dir()]
    for path in locked:
        path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    failed = sipas.run(workspace, obeys_permissions=True)
    for path in locked:
        path.chmod(stat.S_IRWXU)
    assert_told(failed)
    assert_nothing_lost(workspace, before)
