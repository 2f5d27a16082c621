"""Dagster's own storage inside the workspace, and the runs that a killed process left unfinished in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg

from assets.workspace import Workspace

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
    with dg.DagsterInstance.from_config(str(dagster_home(workspace))) as instance:
        for dead in instance.get_runs(filters=dg.RunsFilter(statuses=UNFINISHED)):
            instance.report_run_failed(dead, "The process of this run died.")
        yield instance
