"""Write a return: the refused rows in the layout they came in, with reason, line and code behind each. No cell becomes a formula."""

from __future__ import annotations

import csv
import datetime as dt
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import ceil
from pathlib import Path
from typing import Any

import xlsxwriter

from assets.ingest.readers.workbook import SheetHead
from assets.ingest.returned import CODE, MARKS, ORIGINAL_LINE, REASON, guarded
from assets.returns.layout import CELL_CHARACTERS, NOTICE_SHEET, WHOLE_LINE, Layout

_BYTE_ORDER_MARK = "\ufeff"
# Any fixed day will do: the wall clock would change the bytes.
_CREATED = dt.datetime(2023, 1, 1)
# In points; Excel shows no row higher than the second.
_LINE_HEIGHT, _HIGHEST_ROW = 15, 409
# The number that Excel knows the paper by.
_A4 = 9
_REASON_WIDTH, _LINE_WIDTH, _CODE_WIDTH, _COLUMN_WIDTH = 60, 12, 20, 16


@dataclass(frozen=True)
class RefusedRow:
    """One refused row: where it stood, its cells as they were sent by heading (or the text that could not be split), and why."""

    sheet: str | None
    line: int
    cells: dict[str, str | None] | str
    reason: str
    code: str

    @property
    def marks(self) -> dict[str, str]:
        return {REASON: self.reason, ORIGINAL_LINE: str(self.line), CODE: self.code}


def write_return(target: Path, layout: Layout, rows: Iterable[RefusedRow], notice: Sequence[str]) -> None:
    """Write the rows, which come sheet by sheet, into `target`; what is there is replaced."""
    match layout.suffix:
        case ".csv":
            _write_csv(target, layout, rows)
        case ".xlsx":
            _write_xlsx(target, layout, rows, notice)
        case _:
            _write_json(target, rows, is_lines=layout.suffix == ".jsonl")


def write_notice(target: Path, notice: Sequence[str]) -> None:
    """Write a notice as a text that the simplest editor shows well."""
    target.write_text(_BYTE_ORDER_MARK + "\r\n".join([*notice, ""]), encoding="utf-8", newline="")


def _write_csv(target: Path, layout: Layout, rows: Iterable[RefusedRow]) -> None:
    head = layout.head
    assert head is not None
    with target.open("w", encoding="utf-8", newline="") as file:
        file.write(_BYTE_ORDER_MARK + "".join(f"{line}\r\n" for line in head.above))
        writer = csv.writer(file, delimiter=head.delimiter, lineterminator="\r\n")
        writer.writerow([*head.columns, *MARKS])
        for row in rows:
            cells = _placed(row, head.columns)
            writer.writerow([guarded(cells.get(name) or "") for name in head.columns] + [*row.marks.values()])


def _write_json(target: Path, rows: Iterable[RefusedRow], is_lines: bool) -> None:
    records = ({**(row.cells if isinstance(row.cells, dict) else {WHOLE_LINE: row.cells}), **row.marks} for row in rows)
    texts = (json.dumps(record, ensure_ascii=False) for record in records)
    with target.open("w", encoding="utf-8", newline="\n") as file:
        if is_lines:
            file.writelines(f"{text}\n" for text in texts)
        else:
            file.write("[")
            file.writelines(("\n" if number == 0 else ",\n") + text for number, text in enumerate(texts))
            file.write("\n]\n")


def _write_xlsx(target: Path, layout: Layout, rows: Iterable[RefusedRow], notice: Sequence[str]) -> None:
    book = xlsxwriter.Workbook(
        str(target),
        {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False},
    )
    book.set_properties({"created": _CREATED})
    formats = {
        # Titles run over the cells beside them, as they do in the sender's own file.
        "title": book.add_format({"bold": True}),
        "head": book.add_format({"bold": True, "border": 1, "text_wrap": True, "valign": "vcenter"}),
        "mark": book.add_format(
            {"bold": True, "border": 1, "text_wrap": True, "valign": "vcenter", "bg_color": "#FCE4D6"}
        ),
        # What is typed into the cell stays as it is typed; a spreadsheet would take 05/06 for a day of its own country.
        "text": book.add_format({"num_format": "@", "valign": "top"}),
        "reason": book.add_format({"num_format": "@", "text_wrap": True, "valign": "top", "bg_color": "#FCE4D6"}),
    }
    heads = {head.name: head for head in layout.sheets.values()}
    for name, found in groupby(rows, key=lambda row: layout.sheets[row.sheet].name):
        _write_sheet(book, heads[name], found, formats)
    if layout.has_notice_sheet:
        sheet = book.add_worksheet(NOTICE_SHEET)
        sheet.set_column(0, 0, 110, book.add_format({"text_wrap": True}))
        for number, line in enumerate(notice):
            sheet.write_string(number, 0, line)
    book.close()


def _write_sheet(book: Any, head: SheetHead, rows: Iterator[RefusedRow], formats: dict[str, Any]) -> None:
    sheet = book.add_worksheet(head.name)
    end = len(head.rows)
    top = end - head.header_rows
    width = max(head.columns.values(), default=-1) + 1
    marks = {name: width + number for number, name in enumerate(MARKS)}
    sheet.set_column(0, max(width - 1, 0), _COLUMN_WIDTH)
    for name, size in zip(MARKS, (_REASON_WIDTH, _LINE_WIDTH, _CODE_WIDTH), strict=True):
        sheet.set_column(marks[name], marks[name], size)
    sheet.freeze_panes(end, 0)
    sheet.set_landscape()
    sheet.set_paper(_A4)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(top, end - 1)
    for number, texts in enumerate(head.rows):
        for place, text in enumerate(texts):
            if text:
                sheet.write_string(number, place, text, formats["head" if number >= top else "title"])
            elif number >= top:
                sheet.write_blank(number, place, None, formats["head"])
        for name, place in marks.items() if number >= top else ():
            if number == top:
                sheet.write_string(number, place, name, formats["mark"])
            else:
                sheet.write_blank(number, place, None, formats["mark"])
    # merge_range() would write into rows below and so close this one in constant-memory mode.
    sheet.merge.extend([list(cells) for cells in head.merged])
    if head.header_rows > 1:
        sheet.merge.extend([[top, place, end - 1, place] for place in marks.values()])
    sheet.set_row(end - 1, 2 * _LINE_HEIGHT)
    for number, row in enumerate(rows, start=end):
        lines = sum(ceil((len(line) or 1) / _REASON_WIDTH) for line in row.reason.splitlines() or [""])
        sheet.set_row(number, min(lines * _LINE_HEIGHT, _HIGHEST_ROW))
        for name, value in _placed(row, tuple(head.columns)).items():
            if value and name in head.columns:
                _write_text(sheet, number, head.columns[name], value, formats["text"])
        for name, value in row.marks.items():
            _write_text(sheet, number, marks[name], value, formats["reason"])


def _write_text(sheet: Any, row: int, column: int, text: str, form: Any) -> None:
    fitting = text if len(text) <= CELL_CHARACTERS else text[: CELL_CHARACTERS - 1] + "…"
    if sheet.write_string(row, column, fitting, form) != 0:
        raise AssertionError(f"XlsxWriter refused row {row + 1}, column {column + 1}")


def _placed(row: RefusedRow, columns: Sequence[str]) -> dict[str, str | None]:
    """The cells by heading; the text of a row that could not be split stands whole in the first, for a person to split."""
    return row.cells if isinstance(row.cells, dict) else {columns[0]: row.cells}
