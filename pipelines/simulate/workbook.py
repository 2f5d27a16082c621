"""XLSX files whose bytes depend on their content alone, written row by row. What stands in the rows comes from callers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

import xlsxwriter

# Any fixed day will do: the wall clock would change the bytes.
_CREATED = datetime(2023, 1, 1)
_COLUMN_WIDTH = 16

Cell = str | int | date | None


class Sheet:
    """A worksheet that is written downwards; `line` is the Excel row number of the next row."""

    def __init__(self, sheet: Any, formats: dict[str, Any]) -> None:
        self._sheet = sheet
        self._formats = formats
        self.line = 1

    def banner(self, text: str, columns: int = 0) -> None:
        """Write one line of text, merged over that many columns when more than one."""
        if columns > 1:
            self._sheet.merge_range(self.line - 1, 0, self.line - 1, columns - 1, text, self._formats["title"])
        elif text:
            self._sheet.write_string(self.line - 1, 0, text)
        self.line += 1

    def header(self, headings: Sequence[str]) -> None:
        """Write a header of one row."""
        for column, heading in enumerate(headings):
            self._sheet.write_string(self.line - 1, column, heading, self._formats["header"])
        self.line += 1

    def grouped_header(self, headings: Sequence[tuple[str, str | None]]) -> None:
        """Write a header of two rows: neighbours with one top heading are merged across, lone headings downwards."""
        top = self.line - 1
        column = 0
        while column < len(headings):
            name, below = headings[column]
            last = column
            while below is not None and last + 1 < len(headings) and headings[last + 1][0] == name:
                last += 1
            if last > column:
                self._sheet.merge_range(top, column, top, last, name, self._formats["header"])
            else:
                self._sheet.write_string(top, column, name, self._formats["header"])
                # merge_range() would write into the row below and so close this one in constant-memory mode.
                self._sheet.merge.append([top, column, top + 1, column])
            column = last + 1
        for column, (_, below) in enumerate(headings):
            if below is None:
                self._sheet.write_blank(top + 1, column, None, self._formats["header"])
            else:
                self._sheet.write_string(top + 1, column, below, self._formats["header"])
        self.line += 2

    def row(self, cells: Sequence[Cell]) -> int:
        """Write one row of texts, whole numbers, dates and blanks; return its Excel row number."""
        sheet, row = self._sheet, self.line - 1
        for column, cell in enumerate(cells):
            if cell is None:
                continue
            if isinstance(cell, str):
                sheet.write_string(row, column, cell)
            elif isinstance(cell, int):
                sheet.write_number(row, column, cell)
            else:
                sheet.write_datetime(row, column, cell, self._formats["date"])
        self.line += 1
        return row + 1


class Book:
    """An open workbook."""

    def __init__(self, book: Any) -> None:
        self._book = book
        self._formats = {
            "title": book.add_format({"bold": True, "align": "center"}),
            "header": book.add_format({"bold": True, "border": 1, "text_wrap": True, "valign": "vcenter"}),
            "date": book.add_format({"num_format": "dd/mm/yyyy"}),
        }

    def sheet(self, name: str, columns: int) -> Sheet:
        """Add a worksheet with room for that many columns; the sheets before it are complete."""
        sheet = self._book.add_worksheet(name)
        sheet.set_column(0, columns - 1, _COLUMN_WIDTH)
        return Sheet(sheet, self._formats)


@contextmanager
def workbook(path: Path) -> Iterator[Book]:
    """Open a new workbook; memory does not grow with its rows."""
    path.parent.mkdir(parents=True, exist_ok=True)
    book = xlsxwriter.Workbook(path, {"constant_memory": True})
    book.set_properties({"created": _CREATED, "comments": "Số liệu mô phỏng / Simulated data"})
    yield Book(book)
    book.close()
