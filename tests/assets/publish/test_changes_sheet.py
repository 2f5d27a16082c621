"""changes.csv and changes.xlsx: what the open figures say otherwise than the revision before, and never a hidden number."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from publish_warehouse import Warehouse

from assets.publish import changes_sheet, contents
from assets.publish.changes_sheet import NOTHING
from assets.publish.contents import Contents
from assets.publish.context import PublishContext
from assets.publish.revision import publish
from assets.workspace import Workspace

Publish = Callable[..., Path]


@pytest.fixture
def warehouse(make_warehouse: Callable[..., Warehouse]) -> Warehouse:
    return make_warehouse(units=3, months=2, fact_rows=0)


@pytest.fixture
def make(
    warehouse: Warehouse, manifest: dict[str, Any], context: PublishContext, monkeypatch: pytest.MonkeyPatch
) -> Publish:
    """Publish without the page."""
    monkeypatch.setattr(contents, "write_site", lambda *arguments: None)

    def publish_as(workspace: Workspace, name: str) -> Path:
        return publish(workspace, name, Contents(warehouse.query, manifest, context, {}))

    return publish_as


def lines(folder: Path) -> list[dict[str, str]]:
    return list(csv.DictReader((folder / "open" / "changes.csv").read_text(encoding="utf-8-sig").splitlines()))


def sheet(folder: Path, name: str) -> list[tuple[Any, ...]]:
    book = openpyxl.load_workbook(folder / "open" / "changes.xlsx", read_only=True)
    found = list(book[name].iter_rows(values_only=True))
    book.close()
    return found


def sums_of(folder: Path) -> dict[str, str]:
    listed = json.loads((folder / "revision.json").read_text(encoding="utf-8"))["files"]
    return {file["path"]: file["sha256"] for file in listed}


def change(warehouse: Warehouse, column: str, value: str, unit: str = "10441", period: str = "2023-01") -> Any:
    where = f"where unit_code = '{unit}' and period_id = '{period}'"
    [row] = warehouse.rows(f"select {column} as value from marts.case_settlement {where}")
    warehouse.execute(f"update marts.case_settlement set {column} = {value} {where}")
    return row["value"]


def test_the_first_revision_has_nothing_to_be_held_against(make: Publish, workspace: Workspace) -> None:
    folder = make(workspace, "r1")
    assert lines(folder) == []
    assert json.loads((folder / "revision.json").read_text())["base"] is None
    said = [cell for row in sheet(folder, "Tóm tắt") for cell in row if cell]
    assert "chưa có bản trước / there is none before" in said and "không có thay đổi / nothing changed" in said


def test_a_changed_figure_is_told_with_its_place(make: Publish, warehouse: Warehouse, workspace: Workspace) -> None:
    make(workspace, "r1")
    before = change(warehouse, "n_pending", "77")
    folder = make(workspace, "r2")
    assert json.loads((folder / "revision.json").read_text())["base"] == "r1"
    [line] = lines(folder)
    assert {name: line[name] for name in ("mart", "unit_code", "unit_valid_from", "period_id", "column", "before", "after")} == {
        "mart": "case_settlement", "unit_code": "10441", "unit_valid_from": "1900-01-01", "period_id": "2023-01",
        "column": "n_pending", "before": str(before), "after": "77",
    }  # fmt: skip
    rows = sheet(folder, "Thay đổi")
    assert rows[0][:3] == ("Bảng", "Nội dung", "Mã đơn vị") and rows[1][0] == "Mart"
    [told] = rows[2:]
    assert told[:4] == ("case_settlement", "Bảng case_settlement", "10441", "Thị trấn Đại Nghĩa")
    assert told[4] is None, "a start before the lists is no day"
    assert (told[8], told[9], told[10], told[11]) == ("n_pending", "Cột n_pending", before, 77)
    assert ("So với bản / Held against revision", "r1") in [row[:2] for row in sheet(folder, "Tóm tắt")]
    assert ("case_settlement", 1) in [(row[0], row[3]) for row in sheet(folder, "Tóm tắt")]


def test_a_figure_hidden_in_either_revision_gives_no_number(
    make: Publish, warehouse: Warehouse, workspace: Workspace
) -> None:
    make(workspace, "r1")
    shown = change(warehouse, "n_settled", "4")  # fewer than ten: the row is hidden from now on
    assert shown >= 10
    hidden = make(workspace, "r2")
    change(warehouse, "n_settled", "5")
    still = make(workspace, "r3")
    change(warehouse, "n_settled", "4321")
    again = make(workspace, "r4")
    assert lines(still) == [], "hidden before and after"
    for folder in (hidden, again):
        found = lines(folder)
        assert [line["column"] for line in found] == ["hidden"]
        assert all(line["before"] == line["after"] == "" for line in found)
        assert not any(isinstance(cell, (int, float)) for row in sheet(folder, "Thay đổi")[2:] for cell in row)


def test_a_number_that_is_no_longer_shown_is_not_repeated() -> None:
    line = {"mart": "m", "change": "changed", "column": "n", "before": 12.0, "after": None}
    other = {"mart": "m", "change": "changed", "column": "t", "before_text": "x", "after_text": None}
    table = changes_sheet.pa.Table.from_pylist([line, other], changes_sheet.CHANGE_SCHEMA)
    kept = changes_sheet._without_withdrawn(table).to_pylist()
    assert kept[0]["before"] is None and kept[1]["before_text"] is None


def test_a_few_more_records_do_not_tell_what_they_say(
    make: Publish, warehouse: Warehouse, workspace: Workspace
) -> None:
    first = make(workspace, "r1")
    shown = change(warehouse, "n_settled", "n_settled + 1")
    change(warehouse, "n_pending", "77", period="2023-02")
    change(warehouse, "n_pending", "77")
    assert shown >= 10 and first.is_dir()
    found = {(line["period_id"], line["column"]): line for line in lines(make(workspace, "r2"))}
    for column in ("n_settled", "n_pending"):
        line = found["2023-01", column]
        assert (line["before"], line["after"]) == ("", ""), "that it changed is told, and not by what"
    assert found["2023-02", "n_pending"]["after"] == "77", "no record came: the figure was mended"
    change(warehouse, "n_settled", "n_settled + 10")
    told = {line["column"]: line for line in lines(make(workspace, "r3"))}["n_settled"]
    assert float(told["after"]) - float(told["before"]) == 10


def test_texts_stay_texts_and_more_lines_than_fit_are_said_to_be_more(
    make: Publish, warehouse: Warehouse, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(workspace, "r1")
    warehouse.execute("update marts.sipas_index set method = '=1+1'")
    monkeypatch.setattr(contents, "MOST_LINES", 3)
    monkeypatch.setattr(changes_sheet, "MOST_LINES", 3)
    folder = make(workspace, "r2")
    assert [line["after_text"] for line in lines(folder)] == ["'=1+1"] * 3
    assert any("3 thay đổi đầu tiên" in str(row[0]) for row in sheet(folder, "Tóm tắt"))
    book = openpyxl.load_workbook(folder / "open" / "changes.xlsx")
    assert {book["Thay đổi"].cell(row, 12).data_type for row in (3, 4, 5)} == {"s"}


def test_the_base_decides_these_files_and_no_others(
    make: Publish, warehouse: Warehouse, workspace: Workspace, tmp_path: Path
) -> None:
    make(workspace, "r1")
    change(warehouse, "n_pending", "77")
    with_base, alone = make(workspace, "r2"), make(Workspace(tmp_path / "other"), "r2")
    sums = [sums_of(folder) for folder in (with_base, alone)]
    differing = {path for path in sums[0] if sums[0][path] != sums[1][path]}
    assert differing - {"analyst/sipas.duckdb"} == {"open/changes.csv", "open/changes.xlsx"}
    # Damaged and written again: held against the same revision as before, byte for byte.
    damaged = with_base / "open" / "marts.xlsx"
    damaged.unlink()
    assert make(workspace, "r2") == with_base and damaged.is_file()
    again = sums_of(with_base)
    assert {path for path in again if again[path] != sums[0][path]} <= {"analyst/sipas.duckdb"}


def test_a_base_that_cannot_be_read_is_no_obstacle(make: Publish, warehouse: Warehouse, workspace: Workspace) -> None:
    first = make(workspace, "r1")
    broken = first / "open" / "marts" / "case_settlement.parquet"
    broken.unlink()
    broken.write_bytes(b"cut")
    change(warehouse, "n_pending", "77")
    folder = make(workspace, "r2")
    assert lines(folder) == [] and NOTHING.base is None
    assert any("chưa có bản trước" in str(row[1]) for row in sheet(folder, "Tóm tắt"))
