"""Databases read by a watermark: what is read again, what lands, what came late, what is gone; and a kill in the midst."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from taking_in import current, take
from workspaces import CASE_HEADER, case_row, case_spec, landed, make_workspace, open_office, put, write_spec

from assets.checkpoint import KILL_VARIABLE
from assets.privacy.retention import retain
from assets.workspace import Workspace

HEADINGS = (*CASE_HEADER, "Sửa lúc")


def spec(**changes: Any) -> dict[str, Any]:
    """Cases in a SQLite table, read by the time of their last change with two days of overlap."""
    watermark = {"column": "Sửa lúc", "overlap": "2 days", **changes.pop("watermark", {})}
    location = {"url": "sqlite:///{workspace}/inbox/mot_cua.sqlite", "table": "ho_so", "watermark": watermark}
    return case_spec(location=location, reader={"kind": "database"}, **changes)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    workspace = make_workspace(tmp_path / "office")
    columns = ", ".join(f'"{name}"' for name in HEADINGS)
    with closing(sqlite3.connect(workspace.inbox / "mot_cua.sqlite")) as connection:
        connection.execute(f"CREATE TABLE ho_so ({columns})")
    write_spec(workspace, "ho_so", spec())
    return workspace


def put_row(workspace: Workspace, number: int, changed: Any, **cells: str) -> None:
    """Write a case into the database, in place of the one of its number."""
    row: Mapping[str, Any] = {**case_row(number, **cells), "Sửa lúc": changed}
    with closing(sqlite3.connect(workspace.inbox / "mot_cua.sqlite")) as connection, connection:
        connection.execute('DELETE FROM ho_so WHERE "Mã hồ sơ" = ?', [row["Mã hồ sơ"]])
        marks = ", ".join("?" * len(HEADINGS))
        connection.execute(f"INSERT INTO ho_so VALUES ({marks})", [row[name] for name in HEADINGS])


def delete_row(workspace: Workspace, number: int) -> None:
    with closing(sqlite3.connect(workspace.inbox / "mot_cua.sqlite")) as connection, connection:
        connection.execute('DELETE FROM ho_so WHERE "Mã hồ sơ" = ?', [case_row(number)["Mã hồ sơ"]])


def fill(workspace: Workspace, count: int = 6) -> None:
    """Cases 1 to `count`, changed on the 1st, 2nd, … of June."""
    for number in range(1, count + 1):
        put_row(workspace, number, f"2023-06-{number:02d} 08:00:00")


# --- what is read --------------------------------------------------------------------------------------------------------------


def test_only_what_changed_is_read_and_only_what_is_new_lands(workspace: Workspace) -> None:
    fill(workspace)
    first = take(workspace)
    assert first.counts == (6, 6, 0, 0) and first.high == "2023-06-06 08:00:00"
    assert take(workspace).counts is None
    put_row(workspace, 2, "2023-06-06 09:00:00", **{"Ngày xong": "06/06/2023"})
    put_row(workspace, 7, "2023-06-06 08:00:00")
    second = take(workspace)
    # From 04/06 08:00 on: cases 4, 5 and 6 as they were, 2 changed, and 7 at the very value read last.
    assert second.counts == (5, 2, 0, 3) and second.high == "2023-06-06 09:00:00" and second.problems == []
    assert str(current(second.office)["HS-0002"]["settled_on"]) == "2023-06-06"
    assert len(landed(second.office, "case")) == 8 and len(current(second.office)) == 7
    assert take(workspace).counts is None


def test_without_overlap_the_rows_at_the_last_value_are_read_again(workspace: Workspace) -> None:
    write_spec(workspace, "ho_so", spec(watermark={"overlap": 0}))
    fill(workspace)
    take(workspace)
    put_row(workspace, 7, "2023-06-06 08:00:00")
    assert take(workspace).counts == (2, 1, 0, 1)


def test_a_row_touched_but_not_changed_is_a_duplicate(workspace: Workspace) -> None:
    fill(workspace)
    take(workspace)
    put_row(workspace, 1, "2023-06-09 08:00:00")
    again = take(workspace)
    assert again.counts == (4, 0, 0, 4) and again.high == "2023-06-09 08:00:00"
    assert len(landed(again.office, "case")) == 6 and take(workspace).counts is None


def test_rows_without_watermark_are_read_every_time_and_told(workspace: Workspace) -> None:
    fill(workspace)
    put_row(workspace, 7, None)
    assert take(workspace).problems == ["database.watermark_blank"]
    again = take(workspace)
    assert again.counts is None and again.problems == ["database.watermark_blank"]
    put_row(workspace, 7, None, **{"Ngày xong": "06/06/2023"})
    assert take(workspace).counts == (4, 1, 0, 3)


def test_start_leaves_out_what_is_older(workspace: Workspace) -> None:
    write_spec(workspace, "ho_so", spec(watermark={"start": "2023-06-03"}))
    fill(workspace)
    assert take(workspace).counts == (4, 4, 0, 0)
    put_row(workspace, 7, "2023-06-07 08:00:00")
    again = take(workspace)
    assert again.counts == (4, 1, 0, 3) and again.problems == [], "what is below the start is not late"


def test_a_number_may_be_the_watermark(workspace: Workspace) -> None:
    write_spec(workspace, "ho_so", spec(watermark={"overlap": 2}))
    for number in range(1, 7):
        put_row(workspace, number, number)
    assert take(workspace).high == "6"
    put_row(workspace, 1, 10, **{"Ngày xong": "06/06/2023"})
    assert take(workspace).counts == (4, 1, 0, 3)


@pytest.mark.parametrize("value", ["01/06/2023", "2023-6-1 8:00", 12.5])
def test_values_that_do_not_rise_as_time_does_are_refused(workspace: Workspace, value: Any) -> None:
    put_row(workspace, 1, value)
    taken = take(workspace)
    assert taken.counts is None and taken.problems == ["database.watermark"]


@pytest.mark.parametrize(
    ("watermark", "value"), [({"overlap": 5}, "2023-06-01 08:00:00"), ({"start": "thang 6"}, 3), ({}, 3)]
)
def test_an_overlap_or_start_of_another_kind_is_told(workspace: Workspace, watermark: Any, value: Any) -> None:
    write_spec(workspace, "ho_so", spec(watermark=watermark))
    put_row(workspace, 1, value)
    problems = [*take(workspace).problems, *take(workspace).problems]
    assert problems[-1] == "database.watermark"


def test_a_clock_that_runs_ahead_does_not_move_the_watermark(workspace: Workspace) -> None:
    """A row dated 2099 would hide all changes until then: it is read, and read again, and nothing is passed over."""
    fill(workspace)
    put_row(workspace, 7, "2099-01-01 00:00:00")
    first = take(workspace)
    assert first.counts == (7, 7, 0, 0) and first.high == "2023-06-06 08:00:00"
    put_row(workspace, 8, "2023-06-07 08:00:00")
    assert take(workspace).counts == (5, 1, 0, 4)


def test_a_changed_spec_or_a_mended_reference_reads_all_again(workspace: Workspace) -> None:
    fill(workspace)
    put_row(workspace, 6, "2023-06-06 08:00:00", **{"Đơn vị": "Xã An Mĩ"})
    assert take(workspace).counts == (6, 5, 1, 0)
    put_row(workspace, 7, "2023-06-07 08:00:00")
    assert take(workspace).counts == (4, 1, 0, 3), "what is refused is known, and not refused again and again"
    put(workspace, "reference/unit_alias.csv", "office_code,name,unit_code\n282,Xã An Mĩ,10462\n".encode())
    again = take(workspace)
    assert again.counts == (7, 1, 0, 6) and len(current(again.office)) == 7
    assert take(workspace).counts is None
    write_spec(workspace, "ho_so", spec(row="one case file"))
    changed = take(workspace)
    assert changed.counts == (7, 1, 0, 6) and len(current(changed.office)) == 7
    put_row(workspace, 8, "2023-06-08 08:00:00")
    assert take(workspace).counts == (4, 1, 0, 3)


def test_known_rows_that_were_lost_are_read_again(workspace: Workspace) -> None:
    fill(workspace)
    take(workspace)
    put_row(workspace, 7, "2023-06-07 08:00:00")
    take(workspace)
    files = sorted((workspace.state / "known_rows").rglob("*.parquet"))
    assert len(files) == 2
    files[0].unlink()
    put_row(workspace, 8, "2023-06-08 08:00:00")
    assert take(workspace).counts == (8, 1, 0, 7)
    assert len(list((workspace.state / "known_rows").rglob("*.parquet"))) == 2
    assert take(workspace).counts is None
    assert len(list((workspace.state / "known_rows").rglob("*.parquet"))) == 1, "a file that nothing needs is swept"


def test_many_small_reads_are_put_together(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assets.ingest.increment.MOST_FILES", 2)
    fill(workspace)
    take(workspace)
    for number in range(7, 11):
        put_row(workspace, number, f"2023-06-{number:02d} 08:00:00")
        assert take(workspace).counts == (4, 1, 0, 3)
    assert [mark.is_whole for mark in take(workspace).office.ledger.watermarks().values()] == [
        True,
        False,
        True,
        False,
        True,
    ]
    assert take(workspace, full=True).counts is None


# --- what came late ------------------------------------------------------------------------------------------------------------


def test_late_rows_are_told_and_taken_in_by_a_full_read(workspace: Workspace) -> None:
    fill(workspace)
    take(workspace)
    put_row(workspace, 8, "2023-06-02 23:00:00")
    put_row(workspace, 7, "2023-06-07 08:00:00")
    late = take(workspace)
    assert late.counts == (4, 1, 0, 3) and late.problems == ["database.late_rows"]
    [problem] = [problem for problem in late.office.problems if problem.rule == "database.late_rows"]
    assert "1 row(s) before 2023-06-04 08:00:00" in problem.message.en
    full = take(workspace, full=True)
    assert full.counts == (8, 1, 0, 7) and full.problems == []
    again = take(workspace)
    assert again.counts is None and again.problems == []


def test_a_late_change_is_told_when_keys_are_compared(workspace: Workspace) -> None:
    """The count below the window is the same; only the keys with their watermarks show it."""
    write_spec(workspace, "ho_so", spec(delivery={"kind": "upsert", "deletes": "compare_keys"}))
    fill(workspace)
    take(workspace)
    put_row(workspace, 1, "2023-06-02 10:00:00", **{"Ngày xong": "06/06/2023"})
    assert take(workspace).problems == ["database.late_rows"]
    assert take(workspace, full=True).counts == (6, 1, 0, 5)
    assert take(workspace).problems == []


# --- what is gone --------------------------------------------------------------------------------------------------------------


def test_deleted_records_disappear_and_may_come_back(workspace: Workspace) -> None:
    write_spec(workspace, "ho_so", spec(delivery={"kind": "upsert", "deletes": "compare_keys"}))
    fill(workspace, 12)
    take(workspace)
    delete_row(workspace, 2)
    gone = take(workspace)
    assert gone.counts == (3, 0, 0, 3) and gone.records[0].status == "landed"
    assert gone.office.ledger.removed().num_rows == 1
    assert len(landed(gone.office, "case")) == 12, "the old stays on record"
    assert "HS-0002" not in current(gone.office) and take(workspace).counts is None
    put_row(workspace, 2, "2023-06-12 09:00:00")
    back = take(workspace)
    assert back.counts == (4, 1, 0, 3) and "HS-0002" in current(back.office), "as it was, and no duplicate"
    delete_row(workspace, 2)
    assert take(workspace).counts == (2, 0, 0, 2)
    delete_row(workspace, 12)
    last = take(workspace)
    assert sorted(current(last.office)) == [f"HS-{number:04d}" for number in (1, *range(3, 12))]


def test_records_without_their_number_are_not_taken_for_gone(workspace: Workspace) -> None:
    """Retention takes the numbers of old records; nobody can say any more whether the source still holds them."""
    write_spec(workspace, "ho_so", spec(delivery={"kind": "upsert", "deletes": "compare_keys"}))
    fill(workspace, 12)
    office = take(workspace).office
    retain(office, {"case": 1}, dry_run=False)
    assert {row["record_id"] for row in landed(office, "case")} == {None}
    delete_row(workspace, 2)
    put_row(workspace, 13, "2023-06-12 09:00:00")
    again = take(workspace)
    assert again.problems == [] and again.office.ledger.removed().num_rows == 0
    assert len(landed(again.office, "case")) == 13


def test_keys_are_compared_on_full_reads_alone_when_the_spec_says_so(workspace: Workspace) -> None:
    deletes = {"compare_keys": "full_read", "refuse_above": 0.5}
    write_spec(workspace, "ho_so", spec(delivery={"kind": "upsert", "deletes": deletes}))
    fill(workspace)
    take(workspace)
    delete_row(workspace, 2)
    assert take(workspace).counts is None
    assert take(workspace, full=True).counts == (5, 0, 0, 5)


@pytest.mark.parametrize("full", [False, True])
def test_too_many_records_gone_at_once_are_not_believed(workspace: Workspace, full: bool) -> None:
    write_spec(workspace, "ho_so", spec(delivery={"kind": "upsert", "deletes": "compare_keys"}))
    fill(workspace)
    take(workspace)
    for number in (1, 2):
        delete_row(workspace, number)
    put_row(workspace, 7, "2023-06-07 08:00:00")
    broken = take(workspace, full)
    assert broken.counts is None and broken.problems == ["database.keys_missing"]
    for number in (1, 2):
        put_row(workspace, number, f"2023-06-{number:02d} 08:00:00")
    assert take(workspace).counts == (4, 1, 0, 3)


# --- a refused input, a kill -----------------------------------------------------------------------------------------------------


def test_a_refused_read_is_read_again(workspace: Workspace) -> None:
    """Most rows broken: the input is refused whole, the watermark stays, and the mended rows are taken in."""
    fill(workspace)
    take(workspace)
    for number in range(10, 40):
        put_row(workspace, number, "2023-06-07 08:00:00", **{"Kênh": "Bồ câu"})
    refused = take(workspace)
    assert [record.status for record in refused.records] == ["refused"] and refused.high == "2023-06-06 08:00:00"
    assert take(workspace).counts is None, "the same rows are refused once"
    for number in range(10, 40):
        put_row(workspace, number, "2023-06-07 08:00:00")
    mended = take(workspace)
    assert mended.counts == (33, 30, 0, 3) and mended.high == "2023-06-07 08:00:00"


@pytest.mark.parametrize("point", ["ingest.read", "ingest.settled", "landing.renamed", "ledger.committed"])
def test_a_killed_read_is_repeated_and_skips_nothing(workspace: Workspace, point: str) -> None:
    write_spec(workspace, "ho_so", spec(delivery={"kind": "upsert", "deletes": "compare_keys"}))
    fill(workspace)
    take(workspace)
    put_row(workspace, 7, "2023-06-07 08:00:00")
    delete_row(workspace, 1)
    process = multiprocessing.get_context("fork").Process(target=_take_until, args=(workspace, point))
    process.start()
    process.join(120)
    assert process.exitcode == -signal.SIGKILL
    again = take(workspace)
    assert again.counts == (None if point == "ledger.committed" else (4, 1, 0, 3))
    assert sorted(current(again.office)) == [f"HS-{number:04d}" for number in range(2, 8)]
    assert len(landed(again.office, "case")) == 7 and take(workspace).counts is None


def _take_until(workspace: Workspace, point: str) -> None:
    os.environ[KILL_VARIABLE] = point
    take(workspace)


# --- the spec --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"delivery": {"kind": "snapshot"}}, "kind: upsert or append"),
        ({"delivery": {"kind": "append", "deletes": "compare_keys"}}, "deletes goes with kind: upsert"),
        ({"feeds": [{**case_spec()["feeds"][0], "grain": "many"}]}, "records of one row each"),
        ({"reader": {"kind": "database", "skip": [{"column": "Mã hồ sơ", "blank": True}]}}, "takes no skip"),
        ({"location": {"url": "sqlite:///x", "table": "y"}, "delivery": {"kind": "upsert", "deletes": {}}}, "goes with location.watermark"),
        ({"location": {"path": "inbox/*.csv", "watermark": {"column": "x"}}, "reader": {"kind": "csv"}}, "belongs to a database"),
        ({"watermark": {"overlap": "2 ngày"}}, "2 days, 3 hours or PT2H"),
        ({"watermark": {"overlap": "P2X"}}, "2 days, 3 hours or PT2H"),
        ({"watermark": {"overlap": -1}}, "2 days, 3 hours or PT2H"),
        ({"watermark": {"overlaps": 1}}, "Did you mean “overlap”?"),
        ({"delivery": {"kind": "upsert", "deletes": {"refuse_over": 1}}}, "Did you mean “refuse_above”?"),
    ],
)  # fmt: skip
def test_what_does_not_go_with_a_watermark_is_told(workspace: Workspace, changes: dict[str, Any], words: str) -> None:
    watermark = {name: value for name, value in changes.items() if name == "watermark"}
    write_spec(
        workspace, "ho_so", spec(**watermark) | {name: changes[name] for name in changes.keys() - watermark.keys()}
    )
    specs = open_office(workspace).specs
    assert specs.usable == () and words in " ".join(problem.message.en for problem in specs.problems)
