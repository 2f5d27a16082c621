"""The workbook read back: headings, formats, no formula, and tables longer than a sheet."""

from __future__ import annotations

import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow.parquet as pq
import pytest
from publish_warehouse import Warehouse
from xlsxwriter.worksheet import Worksheet

from assets.disclosure.plan import Plan
from assets.disclosure.rules import DisclosureRules
from assets.publish import workbook as module
from assets.publish.context import PublishContext, PublishError
from assets.publish.marts import MartReader, marts_of
from assets.publish.tables import OpenTable, write_open_mart
from assets.publish.workbook import write_workbook


@pytest.fixture
def tables(tmp_path: Path, warehouse: Warehouse, manifest: dict[str, Any]) -> list[OpenTable]:
    warehouse.execute(
        "update marts.data_quality set path = '=HYPERLINK(\"http://example.org\")', reason = 'https://example.org'"
    )
    reader = MartReader(warehouse.query)
    plan = Plan(DisclosureRules(10))
    return [write_open_mart(mart, reader, tmp_path, plan) for mart in marts_of(manifest) if mart.audience == "open"]


def test_sheets_headings_formats_and_values(tmp_path: Path, tables: list[OpenTable], context: PublishContext) -> None:
    path = tmp_path / "marts.xlsx"
    write_workbook(tables, context, "r1", path)
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == ["Bìa", *(table.mart.name for table in tables)]
    cover = [cell.value for row in book["Bìa"] for cell in row if cell.value is not None]
    assert cover[:2] == [context.title_vi, context.title_en]
    assert any("MÔ PHỎNG" in str(value) for value in cover) and "r1" in cover
    for table in tables:
        sheet = book[table.mart.name]
        rows = list(sheet.iter_rows())
        assert [cell.value for cell in rows[0]] == [column.label_vi for column in table.columns]
        assert [cell.value for cell in rows[1]] == [column.label_en for column in table.columns]
        assert sheet.freeze_panes == "B3" and sheet.auto_filter.ref.startswith("A2:")
        assert len(rows) == table.rows + 2
        assert not [cell.coordinate for row in rows for cell in row if cell.data_type == "f" or cell.hyperlink]
    sheet = book["sipas_index"]
    names = [column.name for column in tables[[t.mart.name for t in tables].index("sipas_index")].columns]
    stored = pq.read_table(tables[[t.mart.name for t in tables].index("sipas_index")].parquet).to_pylist()
    for cells, row in zip(sheet.iter_rows(min_row=3), stored, strict=True):
        by_name = dict(zip(names, cells, strict=True))
        assert by_name["n_answers"].value == row["n_answers"] and by_name["index_pct"].value == row["index_pct"]
        assert by_name["hidden"].value == ("có / yes" if row["hidden"] else None)
        if not row["hidden"] and row["index_pct"] is not None:
            assert by_name["index_pct"].number_format == '0.00"%"' and by_name["n_answers"].number_format == "#,##0"
    dates = book["submission_status"]
    assert dates["F3"].value == datetime(2023, 1, 16) and dates["F3"].number_format == "dd/mm/yyyy"
    assert book["dim_admin_unit"]["B3"].value == "01/01/1900", "the first day of a code whose start is not known"
    quality = book["data_quality"]
    assert quality["C3"].value == '=HYPERLINK("http://example.org")' and quality["C3"].data_type in ("s", "inlineStr")


def test_properties_and_archive_bear_no_clock(tmp_path: Path, tables: list[OpenTable], context: PublishContext) -> None:
    write_workbook(tables, context, "r1", tmp_path / "a.xlsx")
    write_workbook(tables, context, "r1", tmp_path / "b.xlsx")
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.xlsx") as archive:
        assert {entry.date_time[0] for entry in archive.infolist()} == {1980}
        assert b"2000-01-01T00:00:00Z" in archive.read("docProps/core.xml")


def test_a_table_longer_than_a_sheet_goes_on_in_the_next(
    tmp_path: Path, tables: list[OpenTable], context: PublishContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SHEET_ROWS", 32)
    monkeypatch.setattr(module, "_BATCH_ROWS", 7)
    (table,) = [table for table in tables if table.mart.name == "submission_status"]
    assert table.rows == 36
    write_workbook([table], context, "r1", tmp_path / "long.xlsx")
    book = openpyxl.load_workbook(tmp_path / "long.xlsx")
    assert book.sheetnames == ["Bìa", "submission_status", "submission_status (2)"]
    parts = [list(book[name].iter_rows(values_only=True)) for name in book.sheetnames[1:]]
    assert [len(part) for part in parts] == [32, 8]
    assert parts[0][:2] == parts[1][:2]
    stored = pq.read_table(table.parquet).to_pylist()
    assert [(row[0], row[2], row[3]) for part in parts for row in part[2:]] == [
        (row["unit_code"], row["dataset"], row["period_id"]) for row in stored
    ]


def test_a_refused_cell_is_an_error(
    tmp_path: Path, tables: list[OpenTable], context: PublishContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    # XlsxWriter answers a row past its limit with a silent -1; here its limit stands at row 21.
    check = Worksheet._check_dimensions
    monkeypatch.setattr(
        Worksheet,
        "_check_dimensions",
        lambda self, row, *rest, **more: -1 if row > 20 else check(self, row, *rest, **more),
    )
    with pytest.raises(PublishError, match=r"sheet case_settlement, row 22"):
        write_workbook(tables, context, "r1", tmp_path / "x.xlsx")
