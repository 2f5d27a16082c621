"""Dagster's storage in a workspace: what a dead run left is marked, and its files are spared a sync per commit."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import dagster as dg
import pytest
import sqlalchemy as sa

from assets.workspace import Workspace
from pipelines.instance import dagster_home, open_instance

NORMAL, FULL = 1, 2


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "office")


@dg.op
def nothing() -> None:
    """Emit a run's events."""


@dg.job
def empty() -> None:
    nothing()


def synchronous(file: Path) -> int:
    """What a connection to the file is set to."""
    engine = sa.create_engine(f"sqlite:///{file}")
    with engine.connect() as connection:
        found: int = connection.exec_driver_sql("PRAGMA synchronous").scalar_one()
    engine.dispose()
    return found


def test_only_dagster_s_own_files_are_synced_at_checkpoints(workspace: Workspace) -> None:
    index = dagster_home(workspace) / "history" / "runs" / "index.db"
    ledger = workspace.state / "ledger.sqlite"
    sqlite3.connect(ledger).execute("PRAGMA journal_mode = wal").fetchone()
    with open_instance(workspace) as instance:
        assert empty.execute_in_process(instance=instance).success
        assert index.with_name("index.db-wal").stat().st_size > 0, "the log is not written back with every event"
        assert (synchronous(index), synchronous(ledger)) == (NORMAL, FULL)
    assert (synchronous(index), synchronous(ledger)) == (FULL, FULL)
    assert not index.with_name("index.db-wal").exists(), "closed, the file holds everything"


def test_what_was_recorded_is_there_for_the_next_process_to_read(workspace: Workspace) -> None:
    with open_instance(workspace) as instance:
        run_id = empty.execute_in_process(instance=instance).run_id
    with open_instance(workspace) as instance:
        assert instance.get_run_by_id(run_id).status == dg.DagsterRunStatus.SUCCESS
        assert len(instance.all_logs(run_id)) > 5


def test_the_run_of_a_dead_process_is_marked_failed(workspace: Workspace) -> None:
    with open_instance(workspace) as instance:
        run = instance.create_run_for_job(empty, status=dg.DagsterRunStatus.STARTED)
    with open_instance(workspace) as instance:
        assert instance.get_run_by_id(run.run_id).status == dg.DagsterRunStatus.FAILURE
