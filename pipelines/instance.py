"""Dagster's own storage inside the workspace, and the runs that a killed process left unfinished in it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
from dagster._core.instance.ref import InstanceRef
from sqlalchemy import event
from sqlalchemy.pool import Pool

from assets.workspace import Workspace
from pipelines.event_log import EventLogStorage

UNFINISHED = [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.CANCELING]


def dagster_home(workspace: Workspace) -> Path:
    """Return (and make) the folder of Dagster's storage; telemetry is off."""
    home = workspace.state / "dagster"
    home.mkdir(parents=True, exist_ok=True)
    config = home / "dagster.yaml"
    if not config.exists():
        config.write_text("telemetry:\n  enabled: false\n", encoding="utf-8")
    return home


@contextmanager
def open_instance(workspace: Workspace) -> Iterator[dg.DagsterInstance]:
    """Open the workspace's instance and mark runs of dead processes failed; call it only while holding the run lock."""
    home = dagster_home(workspace)
    log = {"module": EventLogStorage.__module__, "class": EventLogStorage.__name__}
    storage = {"event_log_storage": log | {"config": {"base_dir": str(home / "history" / "runs")}}}
    reference = InstanceRef.from_dir(str(home), overrides=storage)
    with _quick_commits(home), dg.DagsterInstance.from_ref(reference) as instance:
        for dead in instance.get_runs(filters=dg.RunsFilter(statuses=UNFINISHED)):
            instance.report_run_failed(dead, "The process of this run died.")
        yield instance


@contextmanager
def _quick_commits(home: Path) -> Iterator[None]:
    """Let SQLite files under `home` reach the disk at checkpoints, not with each of a run's thousands of commits.

    Dagster opens a connection per event; closing the last one of a file writes its whole log back. So one connection per
    file stays open meanwhile. In WAL mode a killed process loses nothing by this, and a machine without power the last
    events of Dagster's history at most, never the file (sqlite.org/pragma.html#pragma_synchronous). The ledger, which
    the promises rest on, lies elsewhere.
    """
    held: dict[str, sqlite3.Connection] = {}

    def connected(connection: Any, _record: object) -> None:
        if not isinstance(connection, sqlite3.Connection):
            return
        file = str(connection.execute("PRAGMA database_list").fetchone()[2])
        if not file or not Path(file).is_relative_to(home):
            return
        if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
            return
        connection.execute("PRAGMA synchronous = NORMAL")
        if file not in held:
            held[file] = sqlite3.connect(file, check_same_thread=False)
            # Only a connection that has read takes part in the log.
            held[file].execute("SELECT count(*) FROM sqlite_master").fetchone()

    event.listen(Pool, "connect", connected)
    try:
        yield
    finally:
        event.remove(Pool, "connect", connected)
        for connection in held.values():
            connection.close()
