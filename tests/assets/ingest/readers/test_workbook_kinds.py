"""XLS and ODS are read as XLSX is: merged headers, dates, error values, formulas that were never worked out."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import openpyxl  # type: ignore[import-untyped]
import pytest
from workbook_files import (
    BOOLERR,
    FORMULA,
    WORKSHEET,
    compound,
    ods,
    ods_row,
    ods_table,
    ods_text,
    xls,
    xlsx,
)

from assets.ingest.readers import InputRefused, RawTable, open_input
from assets.ingest.readers.options import SkipRule, WorkbookOptions

COVERED = "<table:covered-table-cell/>"
BLANK = "<table:table-cell/>"


def read(path: Path, **options: Any) -> tuple[RawTable, list[dict[str, Any]]]:
    [table] = open_input(path, WorkbookOptions(kind="workbook", **options))
    return table, [row for batch in table.batches for row in batch.to_pylist()]


def refusal(path: Path) -> InputRefused:
    with pytest.raises(InputRefused) as caught:
        read(path)
    return caught.value


def number(value: float, kind: str = "float") -> str:
    return f'<table:table-cell office:value-type="{kind}" office:value="{value}"><text:p>{value}</text:p></table:table-cell>'


def test_ods_with_merged_header_banner_repeats_and_skips(tmp_path: Path) -> None:
    down, across = 'table:number-rows-spanned="2"', 'table:number-columns-spanned="2"'
    date = '<table:table-cell office:value-type="date" office:date-value="2023-06-0{}"/>'
    error = '<table:table-cell office:value-type="string" calcext:value-type="error"><text:p>#DIV/0!</text:p></table:table-cell>'
    rows = [
        ods_row(ods_text("BẢNG TỔNG HỢP", 'table:number-columns-spanned="5"'), COVERED * 4),
        ods_row(BLANK, times=2),
        ods_row(
            ods_text("STT", down),
            ods_text("Ngày", down),
            ods_text("Mức độ", across),
            COVERED,
            ods_text("Ghi chú", down),
        ),
        ods_row(COVERED, COVERED, ods_text("Nam"), ods_text("Nữ"), COVERED),
        ods_row(number(1), date.format(1), number(4), number(2.5), ods_text("a<text:s text:c='2'/>b")),
        ods_row(
            number(2), date.format(2), error, '<table:table-cell table:formula="of:=C6+1"/>', ods_text("lặp"), times=2
        ),
        ods_row(ods_text("Tổng"), number(3)),
        ods_row('<table:table-cell table:number-columns-repeated="1024"/>', times=1_048_000),
    ]
    path = ods(tmp_path / "a.ods", ods_table("".join(rows), "Phiếu"))
    table, found = read(path, header_rows=2, skip=[SkipRule(column="STT", matches="^Tổng")])
    assert (table.sheet, table.rows_skipped) == ("Phiếu", 1)
    assert table.columns == ("STT", "Ngày", "Mức độ / Nam", "Mức độ / Nữ", "Ghi chú")
    assert [list(row.values())[:6] for row in found] == [
        ["1", "2023-06-01", "4", "2.5", "a  b", 6],
        ["2", "2023-06-02", "#DIV/0!", "#FORMULA!", "lặp", 7],
        ["2", "2023-06-02", "#DIV/0!", "#FORMULA!", "lặp", 8],
    ]


def test_xls_with_merged_header_and_error_values(tmp_path: Path) -> None:
    error_of_formula = bytes([2, 0, 0x07, 0, 0, 0, 0xFF, 0xFF]) + bytes(6) + struct.pack("<HBH", 3, 0x1E, 1)
    path = xls(
        tmp_path / "a.xls",
        [
            ["Biểu 1"],
            ["STT", "Nhóm", None, "Điểm"],
            [None, "Nam", "Nữ", None],
            [1.0, "xã", "y", 2.5],
            [2.0, (BOOLERR, bytes([0x2A, 1])), (BOOLERR, bytes([1, 0])), (FORMULA, error_of_formula)],
        ],
        merged=[(1, 2, 0, 0), (1, 1, 1, 2), (1, 2, 3, 3)],
        name="Tháng 6",
    )
    table, rows = read(path, header_rows=2)
    assert table.sheet == "Tháng 6" and table.columns == ("STT", "Nhóm / Nam", "Nhóm / Nữ", "Điểm")
    assert [list(row.values())[:5] for row in rows] == [["1", "xã", "y", "2.5", 4], ["2", "#N/A", "true", "#DIV/0!", 5]]


def test_formulas_are_read_by_their_stored_value_and_never_worked_out(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    for row in (("Mã", "A", "B", "Tổng"), ("x", 1, 2, "=B2+C2"), ("y", 1, 2, '=cmd|"/c calc"!A1')):
        sheet.append(row)
    sheet["A5"] = '=HYPERLINK("http://127.0.0.1:9/","z")'
    book.save(tmp_path / "a.xlsx")
    _, rows = read(tmp_path / "a.xlsx")
    assert [list(row.values())[:5] for row in rows] == [
        ["x", "1", "2", "#FORMULA!", 2],
        ["y", "1", "2", "#FORMULA!", 3],
        ["#FORMULA!", "", "", "", 5],
    ]
    stored = '<row r="1"><c r="A1" t="str"><f>"M"&amp;"ã"</f><v>Mã</v></c><c r="B1" t="str"><v>Tên</v></c></row>'
    stored += (
        '<row r="2"><c r="A2"><f>[1]Sheet1!$A$1</f><v>41</v></c><c r="B2" t="str"><f>IF(1,"")</f><v></v></c></row>'
    )
    link = '<externalLink xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"/>'
    _, [row] = read(xlsx(tmp_path / "b.xlsx", WORKSHEET.format(stored), {"xl/externalLinks/externalLink1.xml": link}))
    assert (row["Mã"], row["Tên"]) == ("41", "")


def test_protected_and_foreign_files_are_told_apart(tmp_path: Path) -> None:
    locked = ods(tmp_path / "a.ods", ods_table(""), manifest="<manifest:encryption-data/>".replace("manifest:", ""))
    assert refusal(locked).rule == "file.encrypted"
    (tmp_path / "b.xls").write_bytes(compound({"WordDocument": b"x"}))
    assert refusal(tmp_path / "b.xls").rule == "file.damaged"
    good = xls(tmp_path / "c.xls", [["Mã", "Tên"], ["a", "b"]]).read_bytes()
    for cut in (100, 600, 2000, len(good) - 600):
        (tmp_path / "d.xls").write_bytes(good[:cut])
        assert refusal(tmp_path / "d.xls").rule == "file.damaged"
    # FILEPASS: what follows it is ciphered.
    begin = struct.pack("<HHHHHHII", 0x809, 16, 0x600, 5, 0, 0, 0, 6)
    (tmp_path / "e.xls").write_bytes(compound({"Workbook": begin + struct.pack("<HHH", 0x2F, 2, 0)}))
    assert refusal(tmp_path / "e.xls").rule == "file.encrypted"
