"""Workbooks: sheets, merged headers, banners, cell text, and files that are no sound workbook."""

from __future__ import annotations

import datetime as dt
import io
import struct
import unicodedata
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl  # type: ignore[import-untyped]
import pytest
import xlsxwriter
from public_data import DATA, needs_public_data

from assets.ingest.readers import InputRefused, RawTable, archive, open_input, sheet_marks
from assets.ingest.readers.options import SkipRule, WorkbookOptions

Fill = Callable[[Any], None]


def build(path: Path, *sheets: tuple[str, Fill]) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, fill in sheets:
        fill(book.create_sheet(name))
    book.save(path)
    return path


def rows_of(*rows: tuple[Any, ...]) -> Fill:
    def fill(sheet: Any) -> None:
        for number, row in enumerate(rows, start=1):
            for column, value in enumerate(row, start=1):
                if value is not None:
                    sheet.cell(number, column, value)

    return fill


def read(path: Path, **options: Any) -> list[tuple[RawTable, list[dict[str, Any]]]]:
    return [
        (table, [row for batch in table.batches for row in batch.to_pylist()])
        for table in open_input(path, WorkbookOptions(kind="workbook", **options))
    ]


def refusal(path: Path, **options: Any) -> InputRefused:
    with pytest.raises(InputRefused) as caught:
        read(path, **options)
    return caught.value


SIMPLE = rows_of(("Mã", "Tên"), ("1", "An"), ("2", "Bình"))


def survey(sheet: Any) -> None:
    """A commune's survey sheet: two banner rows, a blank one, a merged header on rows 4-5, totals and signatures."""
    sheet["A1"], sheet["E1"] = "ỦY BAN NHÂN DÂN XÃ AN MỸ", "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"
    sheet.merge_cells("A1:D1")
    sheet.merge_cells("E1:H1")
    sheet["A2"] = "PHIẾU KHẢO SÁT QUÝ II/2023"
    sheet.merge_cells("A2:H2")
    for place, text in {"A4": "STT", "B4": "Số phiếu", "C4": "Ngày", "D4": "I. Tiếp cận", "G4": "II. Thủ tục"}.items():
        sheet[place] = text
    for merged in ("A4:A5", "B4:B5", "C4:C5", "D4:F4", "G4:H4"):
        sheet.merge_cells(merged)
    for place, text in {
        "D5": "1.1",
        "E5": "1.2",
        "F5": unicodedata.normalize("NFD", "Ghi  chú"),
        "G5": "1.1",
        "H5": "Ghi chú",
    }.items():
        sheet[place] = text
    for offset, date in enumerate((dt.datetime(2023, 6, 1), dt.datetime(2023, 6, 2, 8, 30))):
        for column, value in enumerate((offset + 1, f"P{offset}", date, "Hài lòng", 4, None, 2.5, True), start=1):
            sheet.cell(6 + offset, column, value)
    sheet["A9"], sheet["D9"] = "Tổng cộng", 2
    sheet["G11"] = "Người lập biểu"


def test_two_row_merged_header_below_banners(tmp_path: Path) -> None:
    skip = [SkipRule(column="STT", matches="^Tổng"), SkipRule(column="STT", blank=True)]
    [(table, rows)] = read(build(tmp_path / "a.xlsx", ("Phiếu", survey)), header_rows=2, skip=skip)
    assert table.sheet == "Phiếu"
    assert table.columns == (
        "STT",
        "Số phiếu",
        "Ngày",
        "I. Tiếp cận / 1.1",
        "I. Tiếp cận / 1.2",
        "I. Tiếp cận / Ghi chú",
        "II. Thủ tục / 1.1",
        "II. Thủ tục / Ghi chú",
    )
    assert [list(row.values()) for row in rows] == [
        ["1", "P0", "2023-06-01", "Hài lòng", "4", "", "2.5", "true", 6, None, None],
        ["2", "P1", "2023-06-02 08:30:00", "Hài lòng", "4", "", "2.5", "true", 7, None, None],
    ]
    assert (table.rows_read, table.rows_skipped) == (2, 2)


def test_one_wide_group_and_a_stated_start(tmp_path: Path) -> None:
    def fill(sheet: Any) -> None:
        rows_of(("Biểu 1",), ("STT", "Mức độ hài lòng"), (None, "a", "b", "c", "d", "e"), (1, 5, 4, 3, 2, 1))(sheet)
        sheet.merge_cells("A1:F1")
        sheet.merge_cells("A2:A3")
        sheet.merge_cells("B2:F2")

    path = build(tmp_path / "a.xlsx", ("S", fill))
    groups = tuple(f"Mức độ hài lòng / {letter}" for letter in "abcde")
    for start in ("auto", 2):
        [(table, rows)] = read(path, header_rows=2, header_start=start)
        assert table.columns == ("STT", *groups) and [row["_line"] for row in rows] == [4]
    assert refusal(path, header_start=9).rule == "file.header_missing"


def test_three_row_header_and_years_as_numbers(tmp_path: Path) -> None:
    def fill(sheet: Any) -> None:
        rows_of(("Xã", "Kết quả"), (None, "Nam", None, "Nữ"), (None, 2022, 2023, 2022, 2023), ("An Mỹ", 1, 2, 3, 4))(
            sheet
        )
        for merged in ("A1:A3", "B1:E1", "B2:C2", "D2:E2"):
            sheet.merge_cells(merged)

    [(table, rows)] = read(build(tmp_path / "a.xlsx", ("S", fill)), header_rows=3)
    assert table.columns == (
        "Xã",
        "Kết quả / Nam / 2022",
        "Kết quả / Nam / 2023",
        "Kết quả / Nữ / 2022",
        "Kết quả / Nữ / 2023",
    )
    assert list(rows[0].values())[:5] == ["An Mỹ", "1", "2", "3", "4"]


def test_table_off_the_corner_keeps_sheet_rows_and_unnamed_columns_only_with_content(tmp_path: Path) -> None:
    content = rows_of(
        (), (), (None, None, "a", "c", None, "b"), (None, None, 1, 9, None, 2, "x"), (), (None, None, 3, 9, None, 4)
    )
    [(table, rows)] = read(build(tmp_path / "a.xlsx", ("S", content)))
    assert table.columns == ("a", "c", "b", "(column G)")
    assert [(row["_line"], row["a"], row["(column G)"]) for row in rows] == [(4, "1", "x"), (6, "3", "")]


def test_cells_become_canonical_text(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    book = xlsxwriter.Workbook(path)
    sheet = book.add_worksheet()
    formats = {
        name: book.add_format({"num_format": name})
        for name in ("dd/mm/yyyy", "dd/mm/yyyy hh:mm", "hh:mm:ss", "[h]:mm:ss")
    }
    sheet.write_row(0, 0, ["v", "w"])
    values: list[tuple[Any, str | None, str]] = [
        (123, None, "123"),
        (-0.0, None, "0"),
        (0.1, None, "0.1"),
        (1e21, None, "1e+21"),
        (123456789012, None, "123456789012"),
        (True, None, "true"),
        (" khoảng trắng ", None, " khoảng trắng "),
        (dt.datetime(2023, 6, 1), "dd/mm/yyyy", "2023-06-01"),
        (dt.datetime(2023, 6, 1, 10, 30, 15), "dd/mm/yyyy hh:mm", "2023-06-01 10:30:15"),
        (dt.datetime(2023, 6, 1, 10, 30, 15, 250000), "dd/mm/yyyy hh:mm", "2023-06-01 10:30:15.250000"),
        (dt.time(7, 5), "hh:mm:ss", "07:05:00"),
        (30.5 / 24, "[h]:mm:ss", "30:30:00"),
    ]
    for row, (value, style, _) in enumerate(values, start=1):
        sheet.write(row, 0, value, formats[style] if style else None)
        sheet.write(row, 1, "x")
    sheet.write_formula(len(values) + 1, 0, "=NA()", None, "#N/A")
    sheet.write_formula(len(values) + 2, 0, "=1/0", None, "#DIV/0!")
    sheet.write_formula(len(values) + 3, 0, '="a"&"b"', None, "ab")
    book.close()
    [(_, rows)] = read(path)
    assert [row["v"] for row in rows] == [text for _, _, text in values] + ["#N/A", "#DIV/0!", "ab"]


def test_sheets_by_name_pattern_and_default(tmp_path: Path) -> None:
    def hidden(sheet: Any) -> None:
        SIMPLE(sheet)
        sheet.sheet_state = "hidden"

    path = build(
        tmp_path / "a.xlsx",
        ("Ẩn", hidden),
        ("Phiếu 1", SIMPLE),
        ("Phiếu 2", SIMPLE),
        ("Phiếu 3", rows_of()),
        ("Khác", rows_of(("Z", "Y"), (1, 2))),
    )
    assert [table.sheet for table, _ in read(path)] == ["Phiếu 1"]
    decomposed = unicodedata.normalize("NFD", "Phiếu*")
    assert [(table.sheet, len(rows)) for table, rows in read(path, sheet=decomposed)] == [
        ("Phiếu 1", 2),
        ("Phiếu 2", 2),
    ]
    assert [table.sheet for table, _ in read(path, sheet="Ẩn")] == ["Ẩn"]
    missing = refusal(path, sheet="Phieu 1")
    assert (missing.rule, missing.sheet) == ("file.sheet_missing", "Phieu 1") and "Phiếu 1" in missing.message_en
    assert refusal(path, sheet="Biểu*").rule == "file.sheet_missing"
    empty = refusal(path, sheet="Phiếu 3")
    assert (empty.rule, empty.sheet) == ("file.empty", "Phiếu 3")


def test_header_only_and_no_header(tmp_path: Path) -> None:
    [(table, rows)] = read(build(tmp_path / "a.xlsx", ("S", rows_of(("Mã", "Tên")))))
    assert (table.columns, rows, table.rows_read) == (("Mã", "Tên"), [], 0)
    error = refusal(build(tmp_path / "b.xlsx", ("S", rows_of((1, 2, 3), (4, 5, 6)))))
    assert (error.rule, error.sheet) == ("file.header_missing", "S")


def test_batches_hold_all_rows_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assets.ingest.readers.workbook.BATCH_ROWS", 40)
    monkeypatch.setattr("assets.ingest.readers.workbook._PART_ROWS", 10)
    path = build(tmp_path / "a.xlsx", ("S", rows_of(("n", "t"), *((n, f"t{n}") for n in range(2, 98)))))
    [table] = open_input(path, WorkbookOptions(kind="workbook"))
    batches = list(table.batches)
    assert [batch.num_rows for batch in batches] == [40, 40, 16]
    assert [int(n) for batch in batches for n in batch["n"].to_pylist()] == list(range(2, 98))
    assert [line for batch in batches for line in batch["_line"].to_pylist()] == list(range(2, 98))


def test_truncated_and_garbled_workbooks_are_damaged(tmp_path: Path) -> None:
    content = build(tmp_path / "a.xlsx", ("S", rows_of(*(("a", str(n), n) for n in range(400))))).read_bytes()
    for cut in (10, len(content) // 3, len(content) // 2, len(content) - 30):
        (tmp_path / "cut.xlsx").write_bytes(content[:cut])
        assert refusal(tmp_path / "cut.xlsx").rule == "file.damaged"
    at = content.index(b"xl/worksheets/sheet1.xml") + 60
    (tmp_path / "hit.xlsx").write_bytes(content[:at] + bytes(200) + content[at + 200 :])
    assert refusal(tmp_path / "hit.xlsx").rule == "file.damaged"
    for garbage in (b"\x93\x11garbage" * 50, b"a,b\n1,2\n", b"PK"):
        (tmp_path / "bad.xlsx").write_bytes(garbage)
        assert refusal(tmp_path / "bad.xlsx").rule == "file.damaged"


def test_missing_empty_and_other_archives(tmp_path: Path) -> None:
    assert refusal(tmp_path / "none.xlsx").rule == "file.missing"
    (tmp_path / "a.xlsx").write_bytes(b"")
    assert refusal(tmp_path / "a.xlsx").rule == "file.empty"
    with zipfile.ZipFile(tmp_path / "b.xlsx", "w") as archive:
        archive.writestr("content.xml", "<office/>")
    assert refusal(tmp_path / "b.xlsx").rule == "file.not_workbook"


def compound_file(entry: str) -> bytes:
    """A least OLE compound file: header, one allocation sector, one directory sector with a root and one stream."""
    header = bytes.fromhex("D0CF11E0A1B11AE1") + bytes(16) + struct.pack("<HHHHH6x", 0x3E, 3, 0xFFFE, 9, 6)
    header += struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0)
    header += struct.pack("<I", 0) + b"\xff" * (108 * 4)
    table = struct.pack("<II", 0xFFFFFFFD, 0xFFFFFFFE) + b"\xff" * (126 * 4)

    def item(name: str, kind: int, child: int) -> bytes:
        text = name.encode("utf-16-le") + b"\0\0"
        fields = struct.pack("<HBBIII", len(text), kind, 1, 0xFFFFFFFF, 0xFFFFFFFF, child)
        return text.ljust(64, b"\0") + fields + bytes(36) + struct.pack("<IQ", 0xFFFFFFFE, 0)

    directory = item("Root Entry", 5, 1) + item(entry, 2, 0xFFFFFFFF) + bytes(256)
    return header + table + directory


def test_password_protected_workbooks_are_told_from_damaged_ones(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(compound_file("EncryptedPackage"))
    error = refusal(path)
    assert error.rule == "file.encrypted" and "mật khẩu" in error.message_vi
    path.write_bytes(compound_file("Something"))
    assert refusal(path).rule == "file.damaged"


def member(path: Path, text: str) -> Path:
    """The workbook with the XML of its first sheet replaced."""
    with zipfile.ZipFile(build(path, ("S", SIMPLE))) as archive:
        parts = {info.filename: archive.read(info) for info in archive.infolist()}
    parts["xl/worksheets/sheet1.xml"] = text.encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


WORKSHEET = (
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{}</sheetData></worksheet>'
)


def test_stray_cell_that_would_fill_the_memory_is_refused(tmp_path: Path) -> None:
    cell = '<row r="{1}"><c r="{0}{1}"><v>1</v></c></row>'
    path = member(tmp_path / "a.xlsx", WORKSHEET.format(cell.format("A", 1) + cell.format("XFD", 1048576)))
    error = refusal(path)
    assert (error.rule, error.sheet) == ("file.too_large", "S") and "A1:XFD1048576" in error.message_en


def test_blank_formatted_cells_do_not_count(tmp_path: Path) -> None:
    rows = '<row r="1"><c r="A1" t="inlineStr"><is><t>Mã</t></is></c></row><row r="2"><c r="A2"><v>7</v></c></row>'
    styled = '<row r="1048576"><c r="A1048576" s="0"/><c r="XFD1048576" s="0"/></row>'
    [(table, found)] = read(member(tmp_path / "a.xlsx", WORKSHEET.format(rows + styled)))
    assert table.columns == ("Mã",) and [row["Mã"] for row in found] == ["7"]


def test_cells_without_places_and_prefixed_tags_are_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheet_marks, "MAX_CELLS", 11)
    row = "<row>" + '<c t="str"><v>x</v></c>' * 4 + "</row>"
    assert refusal(member(tmp_path / "a.xlsx", WORKSHEET.format(row * 3))).rule == "file.too_large"
    bare = row.replace(' t="str"', "").replace("x", "1")
    assert refusal(member(tmp_path / "c.xlsx", WORKSHEET.format(bare * 3))).rule == "file.too_large"
    prefixed = WORKSHEET.format('<row r="3"><c r="D3"><v>1</v></c></row>')
    for tag in ("worksheet", "sheetData", "row", "c", "v"):
        prefixed = prefixed.replace(f"<{tag}", f"<x:{tag}").replace(f"</{tag}>", f"</x:{tag}>")
    path = member(tmp_path / "b.xlsx", prefixed.replace("xmlns=", "xmlns:x="))
    assert refusal(path).rule == "file.too_large"


def test_absurd_ratio_is_refused_before_unpacking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "SMALL_PART", 100_000)
    path = member(tmp_path / "a.xlsx", WORKSHEET.format(" " * 2_000_000))
    assert refusal(path).rule == "file.too_large"


def test_columns_are_lettered_as_in_excel() -> None:
    for index, letters in ((0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (702, "AAA"), (16383, "XFD")):
        assert sheet_marks.column_letters(index) == letters
        assert sheet_marks.column_index(letters.encode()) == index


@needs_public_data
def test_real_workbook_with_a_bilingual_header_over_two_rows() -> None:
    path = DATA / "papi" / "PAPI_2011-2016.xlsx"
    truth = openpyxl.load_workbook(io.BytesIO(path.read_bytes()), read_only=True, data_only=True)
    for table, rows in read(path, sheet="*", header_rows=2):
        cells = list(truth[table.sheet].iter_rows(values_only=True))
        assert len(rows) > 60 and all(row["_line"] <= len(cells) for row in rows)
        for row in rows:
            shown = [value for value in cells[row["_line"] - 1] if value is not None]
            given = [row[name] for name in table.columns if row[name]]
            assert len(given) == len([value for value in shown if str(value).strip()])
