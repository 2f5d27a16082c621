"""Workbooks (XLSX, XLS, ODS): sheets, headers over several rows, rows in batches. How much one may hold is decided in package.py."""

from __future__ import annotations

import fnmatch
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetMetadata,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from assets.ingest.readers.archive import damaged
from assets.ingest.readers.cells import cell_text, text_column
from assets.ingest.readers.options import WorkbookOptions
from assets.ingest.readers.package import open_package
from assets.ingest.readers.sheet_marks import ErrorCells, SheetMarks, column_letters, encrypted
from assets.ingest.readers.table import (
    BATCH_ROWS,
    Chunk,
    InputRefused,
    RawTable,
    empty_file,
    heading_text,
    raw_table,
    unique_headings,
)
from quality.problem import did_you_mean

# How far down a header is looked for, and how far at first: nearly all stand near the top.
_HEADER_SEARCH_ROWS = 200
_FIRST_SEARCH_ROWS = 10

# Rows turned into columns at a time: larger parts leave the processor's cache and take twice as long.
_PART_ROWS = 500

_NOT_TEXT = "\0"

# first row, first column, last row, last column; from 0, columns from the sheet's first used one
_Merged = tuple[int, int, int, int]


@dataclass(frozen=True)
class _Header:
    """Where a header ends (0-based sheet row after it) and the heading of each column."""

    end: int
    texts: list[str]


def read_workbook(path: Path, options: WorkbookOptions) -> Iterator[RawTable]:
    """Yield one table per matching sheet: an exact name, else a pattern over the visible sheets, else the first visible.

    Merged header cells count in every column and row they cover; the headings of a column are joined as "Top / Sub".
    `header_start: auto` takes the first row for which (1) at least half as many cells are text as the table is wide
    (a merged cell counts in each column it covers; the width is that of the fullest row), and it is no title, that is
    one or two texts each over several columns; (2) the joined headings of the header rows from there on differ in at
    least half the columns; (3) no merged cell is cut by the header's lower edge.
    Raises InputRefused: file.*, among them file.sheet_missing, file.header_missing, file.encrypted, file.damaged,
    file.too_large.
    """
    package = open_package(path)
    try:
        with CalamineWorkbook.from_path(path) as workbook:
            blank: str | None = None
            given = 0
            for name in _sheet_names(path, workbook.sheets_metadata, options.sheet):
                marks = package.check_sheet(name)
                sheet = workbook.get_sheet_by_name(name)
                if sheet.start is None:
                    blank = blank or name
                    continue
                given += 1
                yield _table(path, sheet, marks, options)
            if not given:
                raise empty_file(path, blank)
    except PasswordError:
        raise encrypted(path) from None
    except CalamineError as error:
        raise damaged(path, str(error)) from None


def _sheet_names(path: Path, sheets: Sequence[SheetMetadata], wanted: str | None) -> list[str]:
    tables = [sheet for sheet in sheets if sheet.typ == SheetTypeEnum.WorkSheet]
    visible = [sheet.name for sheet in tables if sheet.visible == SheetVisibleEnum.Visible]
    if wanted is None:
        if visible:
            return visible[:1]
        raise empty_file(path)
    target = _sheet_key(wanted)
    exact = [sheet.name for sheet in tables if _sheet_key(sheet.name) == target]
    found = exact or [name for name in visible if fnmatch.fnmatchcase(_sheet_key(name), target)]
    if found:
        return found
    hint = did_you_mean(wanted, visible)
    listed = ", ".join(f"“{name}”" for name in visible)
    raise InputRefused(
        "file.sheet_missing",
        f"Tệp “{path.name}” không có trang tính “{wanted}”; hiện có: {listed}.{hint.vi} "
        "Hãy đổi tên trang tính trong tệp hoặc sửa sheet trong khai báo nguồn.",
        f"The workbook {path.name!r} has no sheet {wanted!r}; it has: {listed}.{hint.en} "
        "Rename the sheet, or correct sheet in the source spec.",
        sheet=wanted,
    )


def _sheet_key(name: str) -> str:
    return unicodedata.normalize("NFC", name).strip()


def _table(path: Path, sheet: CalamineSheet, marks: SheetMarks, options: WorkbookOptions) -> RawTable:
    assert sheet.start is not None
    left = sheet.start[1]
    header = _header(path, sheet, left, marks, options)
    used = _used_columns(sheet, header)
    # Rows that hold nothing but what the parser leaves blank may stand after its last one.
    beyond = max(marks.errors, default=0) + 1 - sheet.total_height
    columns = unique_headings([header.texts[i] for i in used], lambda i: column_letters(left + used[i]))

    def chunks() -> Iterator[Chunk]:
        after = ([""] * sheet.width for _ in range(beyond))
        rows: Iterator[list[Any]] = islice(chain(sheet.iter_rows(), after), header.end, None)
        first = header.end
        while parts := list(islice(_parts(rows, first, left, used, marks.errors), BATCH_ROWS // _PART_ROWS)):
            cells = [pa.concat_arrays(part) for part in zip(*parts, strict=True)]
            n = len(cells[0])
            yield Chunk(cells, pa.array(np.arange(first + 1, first + 1 + n)))
            first += n

    return raw_table(sheet.name, columns, chunks(), options.skip, legacy_text=options.legacy_text)


def _used_columns(sheet: CalamineSheet, header: _Header) -> list[int]:
    """Columns with a heading, and those without one that hold anything below the header."""
    unnamed = {index for index, text in enumerate(header.texts) if not heading_text(text)}
    named = set(range(len(header.texts))) - unnamed
    if unnamed:
        for row in islice(sheet.iter_rows(), header.end, None):
            found = [index for index in unnamed if row[index] != ""]
            named.update(found)
            unnamed.difference_update(found)
            if not unnamed:
                break
    return sorted(named)


def _parts(
    rows: Iterator[list[Any]], first: int, left: int, used: list[int], errors: ErrorCells
) -> Iterator[list[pa.Array]]:
    """The used columns of the next rows as text. `first` is the 0-based sheet row the rows begin at."""
    while part := list(islice(rows, _PART_ROWS)):
        if errors:
            # The parser leaves #N/A and its like blank; written back, a rule can catch them.
            for row, values in enumerate(part, start=first):
                for column, text in errors.get(row, ()):
                    if left <= column < left + len(values):
                        values[column - left] = text
        columns = list(zip(*part, strict=True))
        yield [text_column(columns[index]) for index in used]
        first += len(part)


def _header(path: Path, sheet: CalamineSheet, left: int, marks: SheetMarks, options: WorkbookOptions) -> _Header:
    depth = options.header_rows
    stated = options.header_start - 1 if isinstance(options.header_start, int) else None
    rows = list(islice(sheet.iter_rows(), (stated or 0) + _HEADER_SEARCH_ROWS))
    if marks.merged is not None:
        spans = [((top, first), (bottom, last)) for top, first, bottom, last in marks.merged]
    else:
        spans = sheet.merged_cell_ranges or []
    merged = [
        (first_row, first_column - left, last_row, last_column - left)
        for (first_row, first_column), (last_row, last_column) in spans
        if first_row < len(rows) and left <= first_column and last_column - left < sheet.width
    ]
    top = -1
    if stated is not None:
        head = [[_shown(value) for value in row] for row in rows[: stated + depth]]
        filled = _fill(head, merged)
        top = stated
    else:
        width = _fullest(rows)
        for searched in (_FIRST_SEARCH_ROWS, _HEADER_SEARCH_ROWS):
            head = [[_shown(value) for value in row] for row in rows[: searched + depth]]
            filled = _fill(head, merged)
            # Where no content follows the first candidate, none follows those below it: the first is taken either way.
            candidates = (
                row
                for row in range(min(searched, len(head)))
                if _may_be_header(row, depth, head, filled, merged, width)
            )
            top = next(candidates, -1)
            if top >= 0:
                break
    if not (0 <= top < len(head) and any(any(row) for row in head[top : top + depth])):
        raise InputRefused(
            "file.header_missing",
            f"Không tìm thấy dòng tiêu đề trong trang tính “{sheet.name}” của tệp “{path.name}”. "
            "Hãy ghi số dòng đầu tiên của tiêu đề vào header_start trong khai báo nguồn.",
            f"No header was found on sheet {sheet.name!r} of {path.name!r}. "
            "Give the row on which the header starts as header_start in the source spec.",
            sheet=sheet.name,
            line=top + 1 if top >= 0 else None,
        )
    return _Header(top + depth, _joined(filled[top : top + depth]))


def _fullest(rows: Sequence[Sequence[Any]]) -> int:
    """The number of cells with content in the fullest row."""
    width = 0
    for row in rows:
        # Blanks that are not empty are looked for only where they decide.
        if width < len(row) - row.count(""):
            width = max(width, sum(not isinstance(value, str) or bool(value.strip()) for value in row))
        if width == len(row):
            break
    return width


def _shown(value: Any) -> str:
    """A header cell as text; a number or date is marked so as not to count as text (the heading loses the mark)."""
    return value.strip() if isinstance(value, str) else f"{_NOT_TEXT}{cell_text(value)}"


def _fill(head: list[list[str]], merged: list[_Merged]) -> list[list[str]]:
    """The rows with the text of each merged cell in all the places it covers."""
    rows = [list(row) for row in head]
    for first_row, first_column, last_row, last_column in merged:
        for row in range(first_row, min(last_row + 1, len(rows))):
            rows[row][first_column : last_column + 1] = [head[first_row][first_column]] * (
                min(last_column + 1, len(rows[row])) - first_column
            )
    return rows


def _may_be_header(
    row: int, depth: int, head: list[list[str]], filled: list[list[str]], merged: list[_Merged], width: int
) -> bool:
    texts = [text for text in filled[row] if text and not text.startswith(_NOT_TEXT)]
    different = {text for text in _joined(filled[row : row + depth]) if text}
    cut = any(first < row + depth <= last for first, _, last, _ in merged)
    enough = 0 < width <= 2 * len(texts) and width <= 2 * len(different)
    return enough and not cut and not _is_title(row, head, merged)


def _is_title(row: int, head: list[list[str]], merged: list[_Merged]) -> bool:
    """Whether a row has at most two texts, each over several columns: the office on the left, the motto on the right."""
    starts = [column for column, text in enumerate(head[row]) if text]
    over = {
        first_column for first, first_column, _, last_column in merged if first == row and last_column > first_column
    }
    spills = all(column in over or not any(head[row][column + 1 : column + 2]) for column in starts)
    return len(head[row]) > 2 and len(starts) <= 2 and spills


def _joined(rows: list[list[str]]) -> list[str]:
    """One heading per column: the different texts from top to bottom, with " / " between them."""
    headings = []
    for cells in zip(*rows, strict=True):
        texts = [heading_text(text) for text in cells]
        parts = [text for i, text in enumerate(texts) if text and (i == 0 or text != texts[i - 1])]
        headings.append(" / ".join(parts))
    return headings
