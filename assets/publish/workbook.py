"""The open marts as one XLSX workbook, written from the open Parquet files. No value of the data becomes a formula or a link."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import xlsxwriter

from assets.publish.context import PublishContext, PublishError
from assets.publish.disclosure import HIDDEN_COLUMN
from assets.publish.marts import Column
from assets.publish.tables import OpenTable

# Rows of one XLSX sheet; XlsxWriter returns -1 past it and drops the row.
SHEET_ROWS = 1_048_576
_HEADER_ROWS = 2
_SHEET_NAME_LENGTH = 31
CELL_TEXT_LENGTH = 32_767
_BATCH_ROWS = 8_192
# A fixed date, because the wall clock would change the bytes of an unchanged workbook.
CREATED = datetime(2000, 1, 1)
# No value of the data becomes a formula or a link; rows go to the disk as they are written.
PLAIN_TEXT_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "nan_inf_to_errors": False,
}
_NUMBER_FORMATS = {
    "count": "#,##0",
    "percent": '0.00"%"',  # figures are percentages already, 46.66 standing for 46.66 %
    "date": "dd/mm/yyyy",
    "instant": "dd/mm/yyyy hh:mm",
    "number": "#,##0.00####",
    "code": "0",
    "text": "@",
}
_MINIMUM_WIDTH, _MAXIMUM_WIDTH = 9, 48


@dataclass(frozen=True)
class _Sheet:
    name: str
    table: OpenTable
    first_row: int
    rows: int


def write_workbook(tables: Sequence[OpenTable], context: PublishContext, revision: str, path: Path) -> None:
    """Write the cover and one sheet per table, under a Vietnamese and an English header row; same tables, same bytes.

    A table longer than a sheet goes on in "<name> (2)" and so on. A text longer than a cell holds is cut with an
    ellipsis; the CSV and Parquet files hold it whole. Raises PublishError when XlsxWriter refuses a cell.
    """
    workbook = xlsxwriter.Workbook(str(path), PLAIN_TEXT_OPTIONS)
    workbook.set_properties(
        {
            "title": context.title_vi,
            "comments": f"Revision {revision}",
            "author": "sipas-warehouse",
            "created": CREATED,
        }
    )
    sheets = _sheets(tables)
    _write_cover(workbook, sheets, context, revision)
    formats = {name: workbook.add_format({"num_format": code}) for name, code in _NUMBER_FORMATS.items()}
    heads = [
        workbook.add_format({"bold": True, "bg_color": "#123F5A", "font_color": "#FFFFFF", "text_wrap": True,
                             "valign": "top", "border": 1, "border_color": "#FFFFFF"}),
        workbook.add_format({"italic": True, "bg_color": "#E3ECF2", "font_color": "#123F5A", "text_wrap": True,
                             "valign": "top", "border": 1, "border_color": "#FFFFFF"}),
    ]  # fmt: skip
    for sheet in sheets:
        _write_sheet(workbook, sheet, formats, heads)
    workbook.close()


def _sheets(tables: Sequence[OpenTable]) -> list[_Sheet]:
    capacity = SHEET_ROWS - _HEADER_ROWS
    sheets = []
    for table in tables:
        for part in range(max(1, -(-table.rows // capacity))):
            suffix = f" ({part + 1})" if part else ""
            name = table.mart.name[: _SHEET_NAME_LENGTH - len(suffix)] + suffix
            first = part * capacity
            sheets.append(_Sheet(name, table, first, min(capacity, table.rows - first)))
    return sheets


def _write_cover(workbook: Any, sheets: Sequence[_Sheet], context: PublishContext, revision: str) -> None:
    cover = workbook.add_worksheet("Bìa")
    title = workbook.add_format({"bold": True, "font_size": 16, "font_color": "#123F5A"})
    label = workbook.add_format({"bold": True})
    warning = workbook.add_format({"bold": True, "font_color": "#8A1C00", "bg_color": "#FFF1E0"})
    head = workbook.add_format({"bold": True, "bg_color": "#123F5A", "font_color": "#FFFFFF"})
    link = workbook.add_format({"font_color": "#0B5CAD", "underline": 1})
    count = workbook.add_format({"num_format": _NUMBER_FORMATS["count"]})
    cover.set_column(0, 0, 28)
    cover.set_column(1, 2, 44)
    cover.set_column(3, 3, 14)
    cover.hide_gridlines(2)
    row = _Rows()
    cover.write_string(row.next(), 0, context.title_vi, title)
    cover.write_string(row.next(), 0, context.title_en)
    if context.simulated:
        cover.write_string(
            row.next(), 0, "DỮ LIỆU MÔ PHỎNG, không phải số liệu thật / SIMULATED DATA, not real figures", warning
        )
    row.next()
    for name, value in [("Bản công bố / Revision", revision), ("Phiên bản / Version", context.version)]:
        here = row.next()
        cover.write_string(here, 0, name, label)
        cover.write_string(here, 1, value)
    if context.minimum_n > 1:
        cover.write_string(
            row.next(),
            0,
            f"Số liệu dựa trên ít hơn {context.minimum_n} bản ghi được ẩn (ô trống, cột “{HIDDEN_COLUMN.label_vi}”)."
            f" / Figures on fewer than {context.minimum_n} records are hidden"
            f" (blank cells, column “{HIDDEN_COLUMN.label_en}”).",
        )
    row.next()
    here = row.next()
    for column, name in enumerate(
        ["Trang tính / Sheet", "Nội dung (tiếng Việt)", "Content (English)", "Số dòng / Rows"]
    ):
        cover.write_string(here, column, name, head)
    for sheet in sheets:
        here = row.next()
        cover.write_url(here, 0, f"internal:'{sheet.name}'!A1", link, sheet.name)
        cover.write_string(here, 1, sheet.table.mart.label_vi)
        cover.write_string(here, 2, sheet.table.mart.label_en)
        cover.write_number(here, 3, sheet.rows, count)


class _Rows:
    """Hands out row numbers from 0: XlsxWriter's constant-memory mode takes rows in order only."""

    def __init__(self) -> None:
        self._next = 0

    def next(self) -> int:
        self._next += 1
        return self._next - 1


def _write_sheet(workbook: Any, sheet: _Sheet, formats: dict[str, Any], heads: Sequence[Any]) -> None:
    worksheet = workbook.add_worksheet(sheet.name)
    columns = sheet.table.columns
    kinds = [_kind(column, field.type) for column, field in zip(columns, sheet.table.schema, strict=True)]
    widths = [_header_width(column) for column in columns]
    for index, column in enumerate(columns):
        worksheet.write_string(0, index, column.label_vi, heads[0])
    for index, column in enumerate(columns):
        worksheet.write_string(1, index, column.label_en, heads[1])
    writers = [_cell_writer(worksheet, kind, formats) for kind in kinds]
    row = _HEADER_ROWS
    for values in _rows(sheet):
        for index, value in enumerate(values):
            if value is None:
                continue
            if writers[index](row, index, value) != 0:
                raise PublishError(
                    f"open/marts.xlsx, sheet {sheet.name}, row {row + 1}, column {columns[index].name}:"
                    " XlsxWriter refused the cell. Report this with the mart's name."
                )
            if row < 200 and isinstance(value, str):  # the first screens settle the widths
                widths[index] = max(widths[index], min(len(value) + 2, _MAXIMUM_WIDTH))
        row += 1
    for index, width in enumerate(widths):
        worksheet.set_column(index, index, width)
    worksheet.freeze_panes(_HEADER_ROWS, 1)
    worksheet.autofilter(1, 0, max(row - 1, _HEADER_ROWS), len(columns) - 1)
    worksheet.repeat_rows(0, 1)
    worksheet.set_landscape()


def _rows(sheet: _Sheet) -> Iterator[tuple[Any, ...]]:
    """The sheet's share of the table's rows."""
    position, last = 0, sheet.first_row + sheet.rows
    with pq.ParquetFile(sheet.table.parquet) as parquet:
        for batch in parquet.iter_batches(batch_size=_BATCH_ROWS):
            start, end = max(sheet.first_row - position, 0), min(last - position, batch.num_rows)
            if start < end:
                wanted = batch.slice(start, end - start)
                yield from zip(*(column.to_pylist() for column in wanted.columns), strict=True)
            position += batch.num_rows
            if position >= last:
                return


def _kind(column: Column, kind: pa.DataType) -> str:
    """How the column is written: a key of _NUMBER_FORMATS, or "flag". The type rules; the model's format refines it."""
    if pa.types.is_boolean(kind):
        return "flag"
    if pa.types.is_date(kind):
        return "date"
    if pa.types.is_timestamp(kind):
        return "instant"
    if pa.types.is_integer(kind):
        return "count" if column.format == "count" else "code"
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return column.format if column.format in ("percent", "count") else "number"
    return "text"


def _cell_writer(worksheet: Any, kind: str, formats: dict[str, Any]) -> Callable[[int, int, Any], int]:
    if kind == "flag":
        return lambda row, column, value: worksheet.write_string(row, column, "có / yes") if value else 0
    form = formats[kind]
    if kind == "text":
        return lambda row, column, value: worksheet.write_string(row, column, _fitting(value), form)
    if kind in ("date", "instant"):
        return lambda row, column, value: write_date(worksheet, row, column, value, form)
    return lambda row, column, value: worksheet.write_number(row, column, value, form)


def write_date(worksheet: Any, row: int, column: int, value: date, form: Any) -> int:
    """Write a day or moment as one, or as a text where a spreadsheet would show another; return XlsxWriter's answer."""
    # Before March 1900 spreadsheets count days differently from the calendar; such a date ("start not known") is a text.
    if value.year <= 1900:
        return int(worksheet.write_string(row, column, value.strftime("%d/%m/") + f"{value.year:04d}", form))
    return int(worksheet.write_datetime(row, column, value, form))


def _fitting(text: str) -> str:
    return text if len(text) <= CELL_TEXT_LENGTH else text[: CELL_TEXT_LENGTH - 1] + "…"


def _header_width(column: Column) -> int:
    """Wide enough for the longest word of the headings, and for the headings on two or three lines."""
    longest = max(len(word) for word in f"{column.label_vi} {column.label_en}".split())
    return min(max(longest + 2, len(column.label_vi) // 2 + 2, _MINIMUM_WIDTH), _MAXIMUM_WIDTH)
