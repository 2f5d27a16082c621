"""A blank template as an Excel workbook: headings, drop-downs, notes and marker. What the columns are stands in columns.py."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import xlsxwriter
from xlsxwriter.utility import xl_col_to_name

from assets.ingest.templates.columns import TemplateColumn
from assets.ingest.templates.marker import MARKER_SHEET, Marker
from assets.ingest.templates.spec import DATA_SHEET, HEADER_ROW
from quality.contract import Contract

NOTES_SHEET = "Hướng dẫn"
LISTS_SHEET = "_lists"
# Rows that may be filled in; Excel checks cells as far as these.
ROWS = 5_000
# Days outside these bounds are typing mistakes; Excel's own days begin in 1900.
_FIRST_DAY, _LAST_DAY = dt.date(1900, 1, 1), dt.date(2100, 12, 31)
_NARROW, _WIDE = 16, 28
# The number that Excel knows the paper by.
_A4 = 9
# What Excel shows beside a cell is cut at 255 characters.
_INPUT_CHARACTERS = 255
# The same form gives the same bytes.
_CREATED = dt.datetime(2020, 1, 1)

_KINDS: Mapping[str, str] = {
    "date": "ngày, dd/mm/yyyy",
    "instant": "ngày giờ, dd/mm/yyyy hh:mm (không rõ giờ thì chỉ ghi ngày)",
    "integer": "số nguyên",
    "decimal": "số",
    "code": "chọn trong danh sách",
    "item": "chọn trong danh sách",
    "procedure": "mã trong danh mục thủ tục",
    "record": "mã hồ sơ như trên biên nhận",
    "text": "chữ",
}
_NUMBER_FORMATS = {"date": "dd/mm/yyyy", "instant": "dd/mm/yyyy hh:mm", "integer": "0", "decimal": "General"}


@dataclass(frozen=True)
class Heads:
    """What stands above the table: the form's title and, in words, the unit it is for."""

    title: str
    unit: str


def write_template(
    path: Path,
    marker: Marker,
    columns: Sequence[TemplateColumn],
    heads: Heads,
    procedures: Mapping[str, str],
    contract: Contract,
) -> None:
    """Write the blank form; `procedures` are the codes a unit may use with their names, none where any is taken.

    The header is protected without a password against mishaps; only the cells below it take input. The bytes depend on the
    arguments alone.
    """
    book = xlsxwriter.Workbook(path)
    book.set_properties({"created": _CREATED, "title": heads.title, "comments": contract.title.en})
    styles = {
        "title": book.add_format({"bold": True, "font_size": 14}),
        "plain": book.add_format({}),
        "flag": book.add_format({"italic": True, "font_size": 9, "font_color": "#B00020"}),
        "header": book.add_format(
            {
                "bold": True,
                "border": 1,
                "text_wrap": True,
                "valign": "vcenter",
                "align": "center",
                "bg_color": "#D9E6F2",
            }
        ),
        "note": book.add_format({"text_wrap": True, "valign": "top"}),
    }
    data = book.add_worksheet(DATA_SHEET)
    notes = book.add_worksheet(NOTES_SHEET)
    lists = book.add_worksheet(LISTS_SHEET)
    lists.hide()
    _data(book, data, lists, styles, marker, columns, heads, procedures)
    _notes(notes, styles, columns, procedures)
    hidden = book.add_worksheet(MARKER_SHEET)
    hidden.very_hidden()
    hidden.write_row(0, 0, ("key", "value"))
    for row, item in enumerate(fields(Marker), start=1):
        hidden.write_string(row, 0, item.name)
        hidden.write_string(row, 1, getattr(marker, item.name))
    data.activate()
    book.close()


def _data(
    book: Any,
    sheet: Any,
    lists: Any,
    styles: Mapping[str, Any],
    marker: Marker,
    columns: Sequence[TemplateColumn],
    heads: Heads,
    procedures: Mapping[str, str],
) -> None:
    first, last = HEADER_ROW, HEADER_ROW + ROWS - 1
    ranges: dict[tuple[str, ...], str] = {}
    for index, column in enumerate(columns):
        cells = book.add_format({"locked": False, "num_format": _NUMBER_FORMATS.get(column.kind, "@")})
        sheet.set_column(index, index, _WIDE if len(column.heading) > _NARROW else _NARROW, cells)
        offered = tuple(procedures) if column.kind == "procedure" else tuple(column.values)
        validation = _validation(column, _list_range(lists, ranges, offered) if offered else None)
        if validation is not None:
            sheet.data_validation(first, index, last, index, validation)
    # Rows of the head are locked again: what they hold is read back.
    for row in range(HEADER_ROW):
        sheet.set_row(row, 60 if row == HEADER_ROW - 1 else None, styles["plain"])
    month = f" · Kỳ báo cáo: {marker.period}" if marker.period else ""
    sheet.write_string(0, 0, heads.title, styles["title"])
    sheet.write_string(1, 0, f"Đơn vị: {heads.unit}{month}", styles["plain"])
    sheet.write_string(
        2,
        0,
        f"Điền từ dòng {HEADER_ROW + 1}, mỗi dòng một bản ghi. Không sửa tiêu đề, không đổi tên trang tính.",
        styles["plain"],
    )
    for index, column in enumerate(columns):
        if column.required:
            sheet.write_string(HEADER_ROW - 2, index, "bắt buộc", styles["flag"])
        sheet.write_string(HEADER_ROW - 1, index, column.heading, styles["header"])
    sheet.freeze_panes(HEADER_ROW, 1)
    sheet.set_landscape()
    sheet.set_paper(_A4)
    sheet.fit_to_pages(1, 0)
    sheet.protect(
        "", {"format_columns": True, "format_rows": True, "insert_rows": True, "delete_rows": True, "sort": True}
    )


def _list_range(lists: Any, ranges: dict[tuple[str, ...], str], offered: tuple[str, ...]) -> str:
    """Where a list stands; equal ones stand once."""
    if offered not in ranges:
        column = len(ranges)
        name = xl_col_to_name(column, col_abs=True)
        lists.write_column(0, column, offered)
        ranges[offered] = f"='{LISTS_SHEET}'!{name}$1:{name}${len(offered)}"
    return ranges[offered]


def _validation(column: TemplateColumn, listed: str | None) -> dict[str, Any] | None:
    message = {
        "input_title": column.heading[:32],
        "input_message": f"{_KINDS[column.kind]}{'. Bắt buộc' if column.required else ''}"[:_INPUT_CHARACTERS],
        "error_title": "Không đúng",
    }
    if listed is not None:
        return {"validate": "list", "source": listed, "error_message": "Chọn một giá trị trong danh sách.", **message}
    match column.kind:
        case "date" | "instant":
            return {
                "validate": "date",
                "criteria": "between",
                "minimum": _FIRST_DAY,
                "maximum": _LAST_DAY,
                "error_message": "Ghi ngày có thật, dạng dd/mm/yyyy.",
                **message,
            }
        case "integer" | "decimal":
            return {
                "validate": column.kind,
                "criteria": ">=",
                "value": 0,
                "error_message": "Ghi một số, không âm.",
                **message,
            }
    return None


def _notes(
    sheet: Any, styles: Mapping[str, Any], columns: Sequence[TemplateColumn], procedures: Mapping[str, str]
) -> None:
    for index, width in enumerate((34, 12, 40, 60, 60, 60)):
        sheet.set_column(index, index, width, styles["note"])
    sheet.write_row(
        0, 0, ("Cột", "Bắt buộc", "Cách ghi", "Giá trị", "Giải thích", "Giải thích (tiếng Anh)"), styles["header"]
    )
    for row, column in enumerate(columns, start=1):
        values = ", ".join(column.values)
        sheet.write_row(
            row,
            0,
            (
                column.heading,
                "x" if column.required else "",
                _KINDS[column.kind],
                values,
                column.help.vi,
                column.help.en,
            ),
            styles["note"],
        )
    if procedures:
        top = len(columns) + 3
        sheet.write_row(top, 0, ("Mã TTHC", "", "Tên thủ tục"), styles["header"])
        for row, (code, name) in enumerate(procedures.items(), start=top + 1):
            sheet.write_row(row, 0, (code, "", name), styles["note"])
    sheet.protect("", {"format_columns": True, "format_rows": True})
