"""The ledger and the landing folder: a batch counts whole or not at all, and what no row names is swept away."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from workspaces import (
    case_row,
    case_spec,
    landed,
    make_workspace,
    open_office,
    put_cases,
    quarantined,
    take,
    write_spec,
)

from assets.landing.land import sweep
from assets.ledger import ARRIVAL_STEP, InputRecord, Ledger, Part, RuleCount
from assets.workspace import Workspace
from quality.contract import load_contracts


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = Ledger.of_folder(tmp_path / "state")
    yield ledger
    ledger.close()


def record(name: str, seq: int, **changes: object) -> InputRecord:
    base = InputRecord(
        input_id=name,
        source="s",
        office_code="282",
        path=f"inbox/{name}.csv",
        content_sha=name,
        reading_hash="r",
        reference_hash="f",
        delivery_kind="upsert",
        scope_id=None,
        delivery_seq=seq,
        unit_code=None,
        period_id=None,
        sent_on=dt.date(2023, 6, 15),
        datasets="case",
        status="landed",
        rows_read=1,
        rows_accepted=1,
        rows_quarantined=0,
        rows_duplicate=0,
        rows_skipped=0,
        reason=None,
        batch_id="b",
    )
    return dataclasses.replace(base, **changes)  # type: ignore[arg-type]


def part(path: str) -> Part:
    return Part(path, "case", "b", 1, 1)


def test_what_is_committed_is_read_back(ledger: Ledger) -> None:
    records = [record("two", 2, reason="vì sao"), record("one", 1)]
    rules = [RuleCount("two", "case.state.required", "Trạng thái", "quarantine", 3)]
    ledger.commit(records, rules, [part("landing/case/b.parquet")])
    assert ledger.active() == sorted(records, key=lambda found: found.delivery_seq)
    assert ledger.rule_counts() == rules
    assert ledger.parts("case") == [part("landing/case/b.parquet")] and ledger.parts("complaint") == []
    assert ledger.next_seq() == ARRIVAL_STEP
    tables = ledger.tables()
    assert tables["input"]["input_id"].to_pylist() == ["one", "two"]
    assert tables["input_rule"].to_pylist()[0]["n_rows"] == 3


def test_a_commit_is_all_or_nothing(ledger: Ledger) -> None:
    ledger.commit([record("one", 1)], [], [part("landing/case/b.parquet")])
    # The part is there already, so the last of three statements fails after a retirement and two inserts.
    rules = [RuleCount("two", "r", "c", "warn", 1)]
    with pytest.raises(sa.exc.IntegrityError):
        ledger.commit([record("two", 2)], rules, [part("landing/case/b.parquet")], retired=["one"])
    assert [found.input_id for found in ledger.active()] == ["one"]
    assert ledger.retired_ids() == frozenset() and ledger.rule_counts() == []


def test_a_retired_reading_counts_no_more_and_stays_on_record(ledger: Ledger) -> None:
    rules = [RuleCount("one", "r", "c", "quarantine", 1)]
    ledger.commit([record("one", 1)], rules, [part("landing/case/one.parquet")])
    ledger.commit([record("two", 2)], [], [part("landing/case/two.parquet")], retired=["one"])
    assert [found.input_id for found in ledger.active()] == ["two"]
    assert ledger.retired_ids() == {"one"} and ledger.rule_counts() == []
    assert [found.path for found in ledger.parts()] == ["landing/case/one.parquet", "landing/case/two.parquet"]


def test_arrivals_are_numbered_with_room_between_them(ledger: Ledger) -> None:
    first = ledger.next_seq()
    # The first was read three times since it arrived.
    ledger.commit([record("one", first + 3)], [], [])
    assert ledger.next_seq() == first + ARRIVAL_STEP


def test_two_inputs_cannot_have_arrived_at_once(ledger: Ledger) -> None:
    ledger.commit([record("one", 1)], [], [])
    with pytest.raises(sa.exc.IntegrityError):
        ledger.commit([record("two", 1)], [], [])


def test_another_process_sees_only_whole_commits(ledger: Ledger, tmp_path: Path) -> None:
    ledger.commit([record("one", 1)], [], [])
    other = Ledger.of_folder(tmp_path / "state")
    assert [found.input_id for found in other.active()] == ["one"]
    other.close()


# --- landing -----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    workspace = make_workspace(tmp_path / "office")
    write_spec(workspace, "ho_so", case_spec())
    put_cases(workspace, "inbox/ho_so/a.csv", [case_row(1), case_row(2), case_row(3, **{"Kênh": "Bồ câu"})])
    return workspace


def test_sweep_removes_what_no_ledger_row_names(workspace: Workspace) -> None:
    office = take(workspace).office
    rows, refused = landed(office, "case"), quarantined(office)
    left_over = [
        workspace.landing / "case" / "0000.parquet",
        workspace.landing / "survey_answer" / "0000.parquet",
        workspace.quarantine / "case" / "0000.parquet",
        workspace.landing / ".staging" / "case" / "case.landed.parquet",
    ]
    for file in left_over:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"half")
    sweep(workspace, office.ledger)
    assert not any(file.exists() for file in left_over)
    assert (landed(office, "case"), quarantined(office)) == (rows, refused)
    sweep(workspace, office.ledger)


@pytest.mark.parametrize("moment", ["assets.landing.land.checkpoint", "assets.ledger.Ledger.commit"])
def test_a_death_before_the_commit_lands_nothing(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """The files are in place, the ledger row is not: the next run sweeps them and takes the batch in as if for the first time."""

    class Death(BaseException):
        pass

    def die(*_: object) -> None:
        raise Death

    with monkeypatch.context() as patched:
        patched.setattr(moment, die)
        with pytest.raises(Death):
            take(workspace)
    office = open_office(workspace)
    assert office.ledger.active() == [] and list(workspace.landing.glob("case/*.parquet"))
    sweep(workspace, office.ledger)
    assert not list(workspace.landing.glob("case/*")) and not list(workspace.quarantine.glob("case/*"))
    taken = take(workspace)
    assert len(taken.landed("case")) == 2 and len(taken.quarantined) == 1


def test_landed_rows_lead_back_to_their_place(workspace: Workspace) -> None:
    taken = take(workspace)
    input_id = taken.records["inbox/ho_so/a.csv"].input_id
    assert [(row["input_id"], row["line"], row["source"]) for row in taken.landed("case")] == [
        (input_id, 2, "ho_so"),
        (input_id, 3, "ho_so"),
    ]
    assert [found.contract_version for found in taken.office.ledger.parts("case")] == [load_contracts()["case"].version]
