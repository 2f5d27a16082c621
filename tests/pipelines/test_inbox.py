"""The sensor asks for a run per change of the inbox, until one has succeeded: a failed run loses nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from workspaces import make_workspace

from assets.workspace import Workspace
from pipelines import inbox
from pipelines.inbox import LONGEST_WAIT_SECONDS, STARTING_SECONDS, inbox_sensor, wait_seconds
from pipelines.lock import run_lock
from pipelines.settings import load_settings


@dg.op
def take_in() -> None:
    """Stand for the run."""


@dg.job
def month() -> None:
    take_in()


class Clock:
    """The time that the sensor sees."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


class Office:
    """A workspace with its sensor and a Dagster instance that does what the daemon does with a request."""

    def __init__(self, workspace: Workspace, instance: dg.DagsterInstance) -> None:
        self.workspace = workspace
        self.instance = instance
        self.sensor = inbox_sensor(workspace, load_settings(workspace), month.name)
        self.cursor: str | None = None
        self.keys: set[str] = set()

    def tick(self) -> list[dg.RunRequest]:
        """What the sensor asks for that Dagster would start: it starts no second run of one key."""
        with dg.build_sensor_context(instance=self.instance, cursor=self.cursor) as context:
            asked = self.sensor.evaluate_tick(context).run_requests or []
            self.cursor = context.cursor
        new = [request for request in asked if request.run_key not in self.keys]
        self.keys |= {str(request.run_key) for request in new}
        return list(new)

    def start(self, request: dg.RunRequest, status: dg.DagsterRunStatus) -> dg.DagsterRun:
        return self.instance.create_run_for_job(month, tags=request.tags, status=status)

    def put(self, name: str) -> None:
        (self.workspace.inbox / name).write_bytes(name.encode())


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(inbox, "now", made)
    return made


@pytest.fixture
def office(tmp_path: Path, clock: Clock) -> Iterator[Office]:
    workspace = make_workspace(tmp_path / "office")
    with dg.DagsterInstance.ephemeral() as instance:
        made = Office(workspace, instance)
        made.put("a.csv")
        yield made


def test_one_run_per_change_over_all_months(office: Office) -> None:
    [request] = office.tick()
    months = load_settings(office.workspace).months
    assert request.tags[inbox.RANGE_START] == months.first and request.tags[inbox.RANGE_END] == months.last
    office.start(request, dg.DagsterRunStatus.SUCCESS)
    assert office.tick() == []
    office.put("b.csv")
    [other] = office.tick()
    assert other.run_key != request.run_key
    office.start(other, dg.DagsterRunStatus.SUCCESS)
    assert office.tick() == []


def test_a_failed_run_is_asked_for_again_until_one_succeeds(office: Office, clock: Clock) -> None:
    waits = []
    for failures in range(1, 5):
        [request] = office.tick()
        run = office.start(request, dg.DagsterRunStatus.STARTED)
        office.instance.report_run_failed(run)
        assert office.tick() == [], "not at once"
        waits.append(wait_seconds(failures))
        clock.ahead += waits[-1] + 1
    assert waits == [60, 120, 240, 480]
    [request] = office.tick()
    office.start(request, dg.DagsterRunStatus.SUCCESS)
    clock.ahead += 10 * LONGEST_WAIT_SECONDS
    assert office.tick() == []


def test_a_change_after_a_failed_run_does_not_wait(office: Office) -> None:
    [request] = office.tick()
    office.instance.report_run_failed(office.start(request, dg.DagsterRunStatus.STARTED))
    office.put("b.csv")
    assert len(office.tick()) == 1


def test_a_cancelled_run_has_taken_nothing_in(office: Office, clock: Clock) -> None:
    [request] = office.tick()
    office.instance.report_run_canceled(office.start(request, dg.DagsterRunStatus.STARTED))
    clock.ahead += wait_seconds(1) + 1
    assert len(office.tick()) == 1


@pytest.mark.parametrize("status", [dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTED])
def test_a_run_that_has_begun_is_waited_for_and_a_dead_one_is_replaced(
    office: Office, clock: Clock, status: dg.DagsterRunStatus
) -> None:
    [request] = office.tick()
    office.start(request, status)
    assert office.tick() == []
    with run_lock(office.workspace):
        clock.ahead += 10 * STARTING_SECONDS
        office.put("b.csv")
        assert office.tick() == [], "a run at work takes in what it finds; the next look is after its end"
    (office.workspace.inbox / "b.csv").unlink()
    assert len(office.tick()) == 1


def test_the_longest_wait_is_an_hour() -> None:
    assert [wait_seconds(number) for number in (7, 50, 5000)] == [LONGEST_WAIT_SECONDS] * 3


def test_a_look_at_the_lock_disturbs_no_run_that_begins_just_then(office: Office) -> None:
    assert len(office.tick()) == 1
    with run_lock(office.workspace):
        assert office.tick() == []
    with run_lock(office.workspace):
        pass
