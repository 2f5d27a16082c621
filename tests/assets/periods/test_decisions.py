"""Decisions about periods on a small published revision: steps, order, what is held, and that all of it stays on record."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest
from published_periods import publish_periods, wait_for

from assets.ledger import ARRIVAL_STEP, InputRecord, Ledger, PeriodAction
from assets.periods.decide import NotDecided, decide
from assets.periods.figures import FiguresTooOld, held_tables, inputs_at_lock, lock_columns, must_have, sweep_figures
from assets.periods.state import period_state_table, period_states
from assets.warehouse.dbt import manifest
from assets.workspace import Workspace

NOW = dt.datetime(2023, 7, 20, 2, 30)
MONTHS = ["2023-04", "2023-05", "2023-06"]


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return publish_periods(tmp_path / "office")


@pytest.fixture
def ledger(workspace: Workspace) -> Iterator[Ledger]:
    with closing(Ledger.of_folder(workspace.state)) as opened:
        yield opened


class Office:
    def __init__(self, workspace: Workspace, ledger: Ledger) -> None:
        self.workspace, self.ledger = workspace, ledger

    def __call__(
        self, action: PeriodAction, unit: str, period: str = "2023-06", below: bool = False, reason: str | None = None
    ) -> list[str]:
        made = decide(self.workspace, self.ledger, action, unit, period, below, "Văn phòng", reason, NOW)
        return [change.unit_code for change in made]

    def refused(self, action: PeriodAction, unit: str, period: str = "2023-06", **more: Any) -> list[str]:
        before = self.ledger.period_changes()
        with pytest.raises(NotDecided) as refused:
            self(action, unit, period, **more)
        assert self.ledger.period_changes() == before
        self.told = " ".join(problem.message.en for problem in refused.value.problems)
        return [problem.rule for problem in refused.value.problems]

    def up_to_lock(self, unit: str, period: str = "2023-06", below: bool = False) -> None:
        for action in ("submit", "approve", "lock"):
            self(action, unit, period, below)

    def statuses(self) -> dict[tuple[str, str], str]:
        return {key: state.status for key, state in period_states(self.ledger.period_changes()).items()}


@pytest.fixture
def office(workspace: Workspace, ledger: Ledger) -> Office:
    return Office(workspace, ledger)


def test_a_period_goes_one_step_at_a_time_and_back_only_with_a_reason(office: Office) -> None:
    assert office.refused("approve", "A") == office.refused("lock", "A") == ["period.step"]
    assert office.refused("accept", "A", reason="muộn") == ["period.step"]
    assert office("submit", "A") == ["A"]
    assert office.refused("submit", "A") == ["period.step"]
    office("approve", "A")
    office("lock", "A")
    assert office.refused("reopen", "A") == ["period.reason"] and "--reason" in office.told
    assert office("reopen", "A", reason="Sai mẫu") == ["A"]
    assert office.refused("reopen", "A", reason="Sai mẫu") == ["period.step"]
    told = [(change.action, change.status, change.reason) for change in office.ledger.period_changes()]
    assert told == [
        ("submit", "submitted", None),
        ("approve", "approved", None),
        ("lock", "locked", None),
        ("reopen", "open", "Sai mẫu"),
    ]
    for change in office.ledger.period_changes():
        assert (change.revision, change.decided_by, change.decided_at) == ("rev1", "Văn phòng", NOW)


def test_a_unit_goes_after_the_units_below_it_on_the_periods_last_day(office: Office) -> None:
    assert office.refused("submit", "D") == ["period.children"]
    assert "A, C" in office.told
    office("submit", "A")
    assert office.refused("submit", "D") == ["period.children"] and "in: C;" in office.told
    office("submit", "C")
    assert office("submit", "D") == ["D"]
    # In May the other commune still was a unit, and on its last day.
    assert office.refused("submit", "D", "2023-05") == ["period.children"] and "A, B" in office.told
    assert office.refused("submit", "C", "2023-05") == ["period.unit"]


def test_with_below_takes_those_that_are_not_that_far_first(office: Office) -> None:
    office("submit", "C")
    assert office("submit", "D", below=True) == ["A", "D"]
    office("approve", "A")
    assert office("approve", "D", below=True) == ["C", "D"]
    assert office("lock", "D", below=True) == ["A", "C", "D"]
    assert office.refused("lock", "D", below=True) == ["period.step"]


def test_a_longer_period_goes_after_its_months(office: Office) -> None:
    for month in MONTHS[:2]:
        office.up_to_lock("A", month)
    assert office.refused("submit", "A", "2023-Q2") == ["period.months"] and "2023-06" in office.told
    office.up_to_lock("A")
    office.up_to_lock("A", "2023-Q2")
    assert office.refused("reopen", "A", reason="?") == ["period.longer"]
    office("reopen", "A", "2023-Q2", reason="?")
    assert office("reopen", "A", reason="?") == ["A"]


def test_a_unit_is_reopened_after_the_unit_above_it(office: Office) -> None:
    office.up_to_lock("D", below=True)
    assert office.refused("reopen", "A", reason="?") == ["period.parent"]
    office("reopen", "D", reason="?")
    assert office("reopen", "A", reason="?") == ["A"]
    assert office.statuses()[("C", "2023-06")] == "locked"


@pytest.mark.parametrize(
    ("unit", "period", "rule"), [("A", "2023-6", "unknown"), ("AA", "2023-06", "unit"), ("X", "2023-06", "unit")]
)
def test_an_unknown_unit_or_period_is_named(office: Office, unit: str, period: str, rule: str) -> None:
    assert office.refused("submit", unit, period) == [f"period.{rule}"]


def test_a_lock_holds_the_published_rows_of_the_unit_and_no_others(office: Office) -> None:
    office.up_to_lock("D", below=True)
    held = held_tables(office.workspace, office.ledger, period_states(office.ledger.period_changes()).values())
    assert set(held) == {"locked_case_settlement", "locked_sipas_ranking"}
    found = {
        (row["unit_code"], row["period_id"], row["n_received"]) for row in held["locked_case_settlement"].to_pylist()
    }
    # What has no unit goes with the root.
    assert found == {(unit, "2023-06", ord(unit[0])) for unit in ("A", "C", "D", "D~")}
    assert [row["basis"] for row in held["locked_sipas_ranking"].to_pylist()] == ["period"]


def test_reopened_figures_are_held_no_more_and_a_new_lock_holds_the_new_ones(office: Office) -> None:
    office.up_to_lock("A")
    office.up_to_lock("C")
    office("reopen", "A", reason="?")
    database = office.workspace.published / "revisions" / "rev1" / "analyst" / "sipas.duckdb"
    with duckdb.connect(str(database)) as marts:
        marts.execute("UPDATE marts.case_settlement SET n_received = n_received + 100")

    def held() -> dict[str, int]:
        tables = held_tables(office.workspace, office.ledger, period_states(office.ledger.period_changes()).values())
        return {row["unit_code"]: row["n_received"] for row in tables["locked_case_settlement"].to_pylist()}

    assert held() == {"C": ord("C")}
    office.up_to_lock("A")
    assert held() == {"C": ord("C"), "A": ord("A") + 100}
    state = period_states(office.ledger.period_changes())[("A", "2023-06")]
    assert (state.status, state.n_reopened, state.locked_revision) == ("locked", 1, "rev1")


def test_what_waits_is_accepted_in_the_units_below_first(office: Office) -> None:
    office.up_to_lock("D", below=True)
    for unit in ("A", "D"):
        wait_for(office.workspace, unit, "2023-06")
    assert office.refused("accept", "A") == ["period.reason"]
    assert office.refused("accept", "D", reason="Nộp muộn") == ["period.children"] and "in 2023-06: A;" in office.told
    assert office("accept", "A", reason="Nộp muộn") == ["A"]
    assert office("accept", "D", reason="Nộp muộn") == ["D"]
    states = period_states(office.ledger.period_changes())
    assert [states[(unit, "2023-06")].n_revised for unit in ("A", "C", "D")] == [1, 0, 1]
    # Until the next run the figures are nobody's.
    rows = {row["unit_code"]: row for row in period_state_table(states.values()).to_pylist()}
    assert [rows[unit]["is_held"] for unit in ("A", "C", "D")] == [0, 1, 0]
    assert all(rows[unit]["status"] == "locked" for unit in ("A", "C", "D"))


def test_with_below_accepts_only_where_something_waits(office: Office) -> None:
    office.up_to_lock("D", below=True)
    for unit in ("A", "D"):
        wait_for(office.workspace, unit, "2023-06")
    assert office("accept", "D", below=True, reason="Nộp muộn") == ["A", "D"]


def reading(input_id: str, seq: int, sha: str = "a", kind: str = "upsert") -> InputRecord:
    """A landed reading of a file, which is known again by its path and bytes."""
    return InputRecord(input_id, "s", "D", f"inbox/{sha}.csv", sha, "", "", kind, None, seq, None, None, NOW.date(), "case",
                       "landed", 3, 3, 0, 0, 0, None, input_id)  # fmt: skip


def test_a_lock_knows_the_readings_its_figures_are_made_of(office: Office) -> None:
    office.ledger.commit([reading("in-1", ARRIVAL_STEP)], [], [])
    office.up_to_lock("A")
    # Read again, and answered, within the arrival of the file; a new file comes as well.
    again, answer = reading("in-1b", ARRIVAL_STEP + 1), reading("in-2", ARRIVAL_STEP + 2, "b", "answer")
    office.ledger.commit([again, answer, reading("in-3", 2 * ARRIVAL_STEP, "c")], [], [], ["in-1"])

    def known() -> list[tuple[str, str | None]]:
        states = period_states(office.ledger.period_changes()).values()
        found = inputs_at_lock(office.workspace, office.ledger, states, office.ledger.tables()["input"])
        [name] = {row["figures_id"] for row in period_state_table(states).to_pylist()}
        assert set(found["figures_id"].to_pylist()) == {name}
        return [(row["input_id"], row["standing_id"]) for row in found.to_pylist()]

    assert known() == [("in-1", "in-1b")]
    # A lock of an earlier version kept no names: all that has a place before its last arrival counts as known then.
    [file] = (office.workspace.state / "locked").glob("*/inputs.txt")
    file.unlink()
    assert known() == [("in-1b", "in-1b"), ("in-2", "in-2")]


def test_figures_that_no_decision_names_are_swept(office: Office) -> None:
    office.up_to_lock("A")
    home = office.workspace.state / "locked"
    [kept] = home.iterdir()
    (home / "left-over").mkdir()
    sweep_figures(office.workspace, office.ledger)
    assert list(home.iterdir()) == [kept] and list(kept.glob("*.parquet"))


def test_figures_without_a_column_that_marts_must_fill_now_stop_the_run(office: Office) -> None:
    office.up_to_lock("A")
    tables = held_tables(office.workspace, office.ledger, period_states(office.ledger.period_changes()).values())
    with pytest.raises(FiguresTooOld, match="n_opening"):
        must_have(tables, manifest("duckdb"))


def test_locks_hold_every_mart_of_units_and_periods_but_lists_of_single_records() -> None:
    nodes = [node for node in manifest("duckdb")["nodes"].values() if node["schema"] == "marts"]
    held = {node["name"]: found for node in nodes if (found := lock_columns(node["name"], node["columns"]))}
    with_period = {node["name"] for node in nodes if {"unit_valid_from", "period_id"} <= set(node["columns"])}
    assert with_period - set(held) == {"case_overdue", "fct_agency_score", "period_pending", "period_status"}
    assert {name for name in held if name not in with_period} == {"sipas_change", "sipas_ranking", "sipas_small_area"}
    assert {name for name, (unit, _) in held.items() if unit == "group_code"} == {"sipas_ranking", "sipas_small_area"}


def test_held_figures_keep_the_columns_of_their_marts(office: Office) -> None:
    office.up_to_lock("A")
    [file] = (office.workspace.state / "locked").glob("*/case_settlement.parquet")
    assert pq.read_schema(file).names == ["unit_code", "unit_valid_from", "period_id", "procedure_field", "n_received"]
