"""Retention: personal data older than allowed goes, and every column that a figure is made of stays as it was."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from workspaces import (
    CASE_HEADER,
    TODAY,
    case_row,
    case_spec,
    csv_bytes,
    landed,
    make_workspace,
    open_office,
    put,
    quarantined,
    take,
    write_spec,
)

import assets.privacy.retention as retention_module
from assets.ledger import Retained
from assets.privacy.retention import months_before, retain
from assets.workspace import Workspace
from quality.contract import load_contracts, warehouse_schema

OLD = {"Ngày nhận": "02/05/2022", "Ngày hẹn": "12/05/2022", "Ngày xong": "10/05/2022"}
HEADER = (*CASE_HEADER, "Ghi chú")
PRIVATE = ("record_id", "person_phone_token", "extra")


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A file sent in 2022 with old rows and one refused, and one of 2023 with an old row among new ones."""
    workspace = make_workspace(tmp_path / "office")
    spec = case_spec(location={"path": "inbox/ho_so/{sent}.csv"}, ignore=["Chủ hồ sơ"])
    spec["feeds"][0]["columns"] |= {"person_phone": "Điện thoại"}
    spec["feeds"][0]["extra"] = ["Ghi chú"]
    write_spec(workspace, "ho_so", spec)
    rows = [case_row(n, **OLD, **{"Điện thoại": "0981000001", "Ghi chú": "đủ"}) for n in range(6)]
    put(workspace, "inbox/ho_so/20220601.csv", csv_bytes([*rows, case_row(90, **OLD | {"Kênh": "?"})], HEADER))
    newer = [case_row(n, **{"Điện thoại": "0981000002", "Ghi chú": "đủ"}) for n in range(10, 14)]
    put(workspace, "inbox/ho_so/20230615.csv", csv_bytes([*newer, case_row(20, **OLD)], HEADER))
    take(workspace)
    return workspace


def retain_in(workspace: Workspace, dry_run: bool = False) -> list[Retained]:
    office = open_office(workspace)
    done = retain(office, {"case": 12}, dry_run=dry_run)
    office.close()
    return done


def shown(workspace: Workspace) -> list[dict[str, Any]]:
    """What the warehouse is given of the landed rows, the key and the hash of the contents apart."""
    names = [name for name in warehouse_schema(load_contracts()["case"]).names if name != "content_hash"]
    office = open_office(workspace)
    return [{name: row[name] for name in names} for row in landed(office, "case")]


def test_what_is_old_loses_its_personal_data_and_no_figure_changes(workspace: Workspace) -> None:
    before, ledger = shown(workspace), open_office(workspace).ledger.active()
    [planned] = retain_in(workspace, dry_run=True)
    assert shown(workspace) == before and (workspace.inbox / "ho_so" / "20220601.csv").exists()
    [done] = retain_in(workspace)
    assert done == planned == Retained("case", dt.date(2022, 7, 20), TODAY, 1, 7, 1)
    assert shown(workspace) == before, "record for record, in the order of arrival"
    office = open_office(workspace)
    assert office.ledger.active() == ledger, "what was counted stays counted"
    for row in landed(office, "case"):
        is_old = row["received_on"] < done.before
        assert all(
            (row[name] is None) == is_old for name in PRIVATE if name != "extra" or row["record_id"] != "HS-0020"
        )
    assert quarantined(office) == []
    assert [file.name for file in (workspace.inbox / "ho_so").iterdir()] == ["20230615.csv"]


def test_done_again_it_finds_nothing(workspace: Workspace) -> None:
    retain_in(workspace)
    [again] = retain_in(workspace)
    assert (again.files_removed, again.rows_blanked, again.rows_removed) == (0, 0, 0)


def test_a_run_afterwards_takes_nothing_back(workspace: Workspace) -> None:
    retain_in(workspace)
    before = shown(workspace)
    assert take(workspace).records == {}
    # A newer state of an old record still meets it.
    put(workspace, "inbox/ho_so/20230720.csv", csv_bytes([case_row(2, **OLD | {"Ngày xong": "11/05/2022"})], HEADER))
    record = take(workspace).records["inbox/ho_so/20230720.csv"]
    assert (record.rows_accepted, record.rows_duplicate) == (1, 0)
    keys = [row["record_key"] for row in shown(workspace)]
    assert keys.count(next(row["record_key"] for row in before if row["line"] == 4)) == 2


def test_an_archive_goes_when_all_that_stands_in_it_is_old(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path / "office")
    write_spec(workspace, "nen", case_spec(location={"path": "inbox/*.zip!/{sent}.csv"}))
    for name, days in (("cu", ("20220601", "20220602")), ("moi", ("20220603", "20230615"))):
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w") as archive:
            for day in days:
                archive.writestr(f"{day}.csv", csv_bytes([case_row(int(day[2:]), **OLD)]))
        put(workspace, f"inbox/{name}.zip", content.getvalue())
    assert {record.rows_accepted for record in take(workspace).records.values()} == {1}
    [done] = retain_in(workspace)
    assert [file.name for file in workspace.inbox.iterdir()] == ["moi.zip"] and done.files_removed == 1


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (dt.date(2023, 7, 20), 12, dt.date(2022, 7, 20)),
        (dt.date(2024, 3, 31), 1, dt.date(2024, 2, 29)),
        (dt.date(2023, 1, 15), 1, dt.date(2022, 12, 15)),
        (dt.date(2023, 12, 31), 60, dt.date(2018, 12, 31)),
    ],
)
def test_months_before(day: dt.date, months: int, expected: dt.date) -> None:
    assert months_before(day, months) == expected


@pytest.mark.parametrize("point", ["retention.written", "retention.committed"])
def test_after_a_kill_retaining_again_ends_it(
    workspace: Workspace, point: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(Exception):
        pass

    def die(name: str) -> None:
        if name == point:
            raise Killed

    before = shown(workspace)
    with monkeypatch.context() as patched:
        patched.setattr(retention_module, "checkpoint", die)
        with pytest.raises(Killed):
            retain_in(workspace)
    retain_in(workspace)
    assert shown(workspace) == before
    assert not (workspace.inbox / "ho_so" / "20220601.csv").exists()
    office = open_office(workspace)
    limit = dt.date(2022, 7, 20)
    old = [row for row in landed(office, "case") if row["received_on"] < limit]
    assert old and all(row[name] is None for row in old for name in PRIVATE)
