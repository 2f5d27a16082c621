"""Databases read by a watermark: what is read again, what lands, what came late, what is gone; and a kill in the midst."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from workspaces import CASE_HEADER, Row, Taken, case_row, case_spec, landed, make_workspace, open_office, put, write_spec

from assets.landing.land import sweep
from assets.landing.take_in import take_in, take_in_references
from assets.office import Office
from assets.workspace import Workspace

HEADINGS = (*CASE_HEADER, "Sửa lúc")
PLACE = "ho_so@ho_so"


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


def put_row(workspace: Workspace, number: int, changed: str | None, **cells: str) -> None:
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


def take(workspace: Workspace, full: bool = False, **thresholds: Any) -> Taken:
    """Take in what is new, as a run does, beginning with the sweep."""
    office = open_office(workspace, **thresholds)
    office.reads_whole = full
    sweep(workspace, office.ledger)
    take_in_references(office)
    taken = take_in(office, "case", lambda month: True)
    for record in taken.records:
        assert record.rows_read == record.rows_accepted + record.rows_quarantined + record.rows_duplicate, record
    return Taken(office, taken.gate, {record.path: record for record in taken.records}, office.problems, [])


def counts(taken: Taken) -> tuple[int, int, int, int] | None:
    """Read, accepted, quarantined, duplicate; None when nothing was new."""
    if PLACE not in taken.records:
        return None
    record = taken.records[PLACE]
    return record.rows_read, record.rows_accepted, record.rows_quarantined, record.rows_duplicate


def rules(taken: Taken) -> list[str]:
    return [problem.rule for problem in taken.problems]


def high(office: Office) -> str | None:
    return [mark.high for mark in office.ledger.watermarks().values()][-1]


def current(office: Office) -> dict[str, Row]:
    """The newest version of each record that its source still has."""
    versions: dict[str, Row] = {}
    for row in landed(office, "case"):
        versions[row["record_key"]] = row
    removed = dict(zip(*(office.ledger.removed()[name].to_pylist() for name in ("record_key", "delivery_seq")), strict=True))
    kept = [row for key, row in versions.items() if removed.get(key, -1) < row["delivery_seq"]]
    return {row["record_id"]: row for row in kept}


def test_only_what_changed_is_read_and_only_what_is_new_lands(workspace: Workspace) -> None:
    fill(workspace)
    first = take(workspace)
    assert counts(first) == (6, 6, 0, 0) and high(first.office) == "2023-06-06 08:00:00"
    assert counts(take(workspace)) is None
    put_row(workspace, 2, "2023-06-06 09:00:00", **{"Ngày xong": "06/06/2023"})
    put_row(workspace, 7, "2023-06-06 08:00:00")
    second = take(workspace)
    # From 04/06 08:00 on: cases 4, 5, 6 as they were, 2 changed, and 7 at the very value read last.
    assert counts(second) == (5, 2, 0, 3) and high(second.office) == "2023-06-06 09:00:00"
    assert second.problems == [] or set(rules(second)) <= {"columns.unknown"}
    assert str(current(second.office)["HS-0002"]["settled_on"]) == "2023-06-06"
    assert len(landed(second.office, "case")) == 8 and len(current(second.office)) == 7
    assert counts(take(workspace)) is None
