"""`sipas period` and the Dagster job of the same decisions."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import dagster as dg
import pytest
from cli_office import Sipas, words
from published_periods import publish_periods, wait_for

from assets.ledger import Ledger
from assets.workspace import Workspace
from pipelines.lock import run_lock
from pipelines.period_job import period_job


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return publish_periods(tmp_path / "office")


def decided(workspace: Workspace) -> list[tuple[str, str, str]]:
    with closing(Ledger.of_folder(workspace.state)) as ledger:
        return [(change.unit_code, change.action, change.decided_by) for change in ledger.period_changes()]


def test_a_month_goes_from_open_to_locked_and_revised(workspace: Workspace, sipas: Sipas) -> None:
    place = ["--workspace", str(workspace.root)]
    month = [*place, "--unit", "D", "--period", "2023-06", "--by", "Văn phòng"]
    assert "open" in words(sipas("period", "status", *place).output)
    assert "Nothing waits" in sipas("period", "pending", *place).output
    for action in ("submit", "approve", "lock"):
        result = sipas("period", action, *month, "--with-below")
        assert result.exit_code == 0, result.output
    assert "rev1" in result.output
    for unit in ("A", "D"):
        wait_for(workspace, unit, "2023-06")
    pending = words(sipas("period", "pending", *place, "--unit", "A").output)
    assert "2023-06 A case 1 0 0 late.csv" in pending
    assert sipas("period", "accept", *month).exit_code == 2
    assert sipas("period", "accept", *month, "--reason", "Nộp muộn").exit_code == 2
    done = sipas("period", "accept", *month, "--reason", "Nộp muộn", "--with-below")
    assert done.exit_code == 0 and "sipas run" in done.output
    told = words(sipas("period", "status", *place, "--unit", "D", "--period", "2023-06").output)
    assert "locked rev1 1 0 0" in told and "accept Văn phòng rev1 Nộp muộn" in told
    assert [action for unit, action, _ in decided(workspace) if unit == "D"] == ["submit", "approve", "lock", "accept"]
    assert sipas("period", "reopen", *month, "--reason", "Sai mẫu").exit_code == 0


def test_who_decides_must_be_said(workspace: Workspace, sipas: Sipas, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = ["period", "submit", "--unit", "A", "--period", "2023-06", "--workspace", str(workspace.root)]
    assert sipas(*asked).exit_code == 2 and decided(workspace) == []
    monkeypatch.setenv("SIPAS_BY", "Phòng Nội vụ")
    assert sipas(*asked).exit_code == 0 and decided(workspace) == [("A", "submit", "Phòng Nội vụ")]


def test_what_cannot_be_decided_is_told_in_both_languages(workspace: Workspace, sipas: Sipas) -> None:
    asked = ["period", "submit", "--unit", "D", "--period", "2023-06", "--by", "x", "--workspace", str(workspace.root)]
    result = sipas(*asked)
    assert result.exit_code == 2
    assert "not yet submitted in: A, C" in words(result.output) and "chưa gửi: A, C" in words(result.output)


def test_without_a_publication_there_is_nothing_to_decide_about(workspace: Workspace, sipas: Sipas) -> None:
    (workspace.published / "current.json").unlink()
    asked = ["period", "submit", "--unit", "A", "--period", "2023-06", "--by", "x", "--workspace", str(workspace.root)]
    result = sipas(*asked)
    assert result.exit_code == 2 and "sipas run" in result.output


def test_the_dagster_job_takes_the_same_decisions(workspace: Workspace) -> None:
    def run(action: str, unit: str) -> dg.ExecuteInProcessResult:
        asked = {"action": action, "unit": unit, "period": "2023-06", "by": "Văn phòng"}
        config = {"ops": {"decide": {"config": asked}}, "loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
        return period_job(workspace).execute_in_process(run_config=config, raise_on_error=False)

    assert run("submit", "A").success
    refused = run("submit", "D")
    [failure] = [event for event in refused.all_events if event.event_type == dg.DagsterEventType.STEP_FAILURE]
    assert not refused.success and "not yet submitted in: C" in str(failure.event_specific_data)
    with run_lock(workspace):
        assert not run("submit", "C").success
    assert decided(workspace) == [("A", "submit", "Văn phòng")]
