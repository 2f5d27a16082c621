"""The sensor on the inbox: a change of its files asks for a run until one has succeeded. What a run does stands elsewhere."""

from __future__ import annotations

import hashlib
from time import gmtime, strftime
from time import time as now

import dagster as dg

from assets.workspace import Workspace
from pipelines.lock import is_locked
from pipelines.settings import Settings

# Names the state of the inbox that a run was asked for.
STATE = "sipas/inbox"
# Dagster's own tags for a range of partitions in one run.
RANGE_START, RANGE_END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"

FIRST_WAIT_SECONDS = 60
LONGEST_WAIT_SECONDS = 3600
# A run that was asked for and does not hold the workspace after so long has died on the way.
STARTING_SECONDS = 600


def wait_seconds(failures: int) -> int:
    """Return how long to wait after the last of so many failed runs: twice as long each time, an hour at most."""
    return int(min(FIRST_WAIT_SECONDS * 2 ** min(failures - 1, 16), LONGEST_WAIT_SECONDS))


def inbox_state(workspace: Workspace) -> str:
    """Return a hash over the names, sizes and times of change of all files in the inbox."""
    digest = hashlib.sha256()
    for file in sorted(workspace.inbox.rglob("*")):
        try:
            state = file.stat()
        except FileNotFoundError:  # moved away meanwhile; the next look sees the rest
            continue
        if file.is_file():
            digest.update(f"{file.relative_to(workspace.inbox)}|{state.st_size}|{state.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def inbox_sensor(workspace: Workspace, settings: Settings, job: str) -> dg.SensorDefinition:
    """Return the sensor: one run over all months per state of the inbox; the run finds out itself what is new in it.

    Whether a state has been dealt with is read off the runs that were asked for it, not off a cursor: a cursor moves
    when the run is asked for, so that a failed run would lose the change. A failed run is asked for again, later each
    time, with a run key of its own, for Dagster starts no second run of one key.
    """

    @dg.sensor(name="inbox", job_name=job, minimum_interval_seconds=60)
    def inbox(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        if is_locked(workspace):
            return dg.SkipReason("A run is at work in the workspace.")
        state = inbox_state(workspace)
        runs = context.instance.get_run_records(dg.RunsFilter(job_name=job, tags={STATE: state}))
        if any(run.dagster_run.status == dg.DagsterRunStatus.SUCCESS for run in runs):
            return dg.SkipReason("The inbox has not changed since a run took it in.")
        if runs:
            last = max(runs, key=lambda run: run.create_timestamp)
            asked = last.create_timestamp.timestamp()
            ended = last.end_time if last.dagster_run.is_finished else None
            due = ended + wait_seconds(len(runs)) if ended is not None else asked + STARTING_SECONDS
            if now() < due:
                return dg.SkipReason(f"The run for this change failed or has not begun; next look at it {_clock(due)}.")
        tags = {RANGE_START: settings.months.first, RANGE_END: settings.months.last, STATE: state}
        return dg.RunRequest(run_key=f"{state}-{len(runs) + 1}", tags=tags)

    return inbox


def _clock(seconds: float) -> str:
    return strftime("%Y-%m-%d %H:%M:%S UTC", gmtime(seconds))
