"""In which layout refused rows go back: that of the file they came in, where it is still there; else one row of headings."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from assets.ingest.readers.options import CsvOptions, JsonLinesOptions, JsonOptions, ReaderOptions, WorkbookOptions
from assets.ingest.readers.table import InputRefused
from assets.ingest.readers.text import TextHead, text_head
from assets.ingest.readers.workbook import SheetHead, sheet_heads
from assets.ingest.returned import MARKS

# A sheet of a return that is not the sender's.
NOTICE_SHEET = "Trả lại"
PLAIN_SHEET = "Dữ liệu"
WHOLE_LINE = "Nguyên văn dòng"
# What a worksheet and a cell of one can hold.
SHEET_ROWS = 1_048_000
CELL_CHARACTERS = 32_767


@dataclass(frozen=True)
class Layout:
    """How one return is written. `sheets` (XLSX) are by the name their rows know them by; `head` is that of a CSV file."""

    suffix: str
    sheets: dict[str | None, SheetHead]
    head: TextHead | None
    has_notice_sheet: bool


def layout_of(
    original: Path | None,
    reader: ReaderOptions,
    headings: dict[str | None, list[str]],
    rows: int,
    longest: int,
) -> Layout:
    """Return the layout for `rows` refused rows of an input that `reader` reads.

    `original` is the input itself, None where it is not there any more or is no file; `headings` are those its refused rows
    have, by sheet; `longest` is the most characters a row has. CSV, XLSX, JSON Lines and JSON go back as what they are,
    all others as a workbook, or as CSV where a sheet could not hold them.
    """
    match reader:
        case CsvOptions():
            return Layout(".csv", {}, _text_head(original, reader, headings), False)
        case JsonLinesOptions():
            return Layout(".jsonl", {}, None, False)
        case JsonOptions():
            return Layout(".json", {}, None, False)
        case WorkbookOptions():
            known = _sheet_heads(original, reader)
            sheets = {
                name: known.get(name) or _plain_head(name or PLAIN_SHEET, columns, reader)
                for name, columns in headings.items()
            }
            has_notice = reader.sheet is None or not fnmatch.fnmatchcase(NOTICE_SHEET, reader.sheet)
            return Layout(".xlsx", dict(sheets), None, has_notice)
    columns = list(dict.fromkeys(name for names in headings.values() for name in names))
    if rows > SHEET_ROWS or longest > CELL_CHARACTERS:
        return Layout(".csv", {}, TextHead([], tuple(columns), ","), False)
    plain = _plain_head(PLAIN_SHEET, columns, WorkbookOptions(kind="workbook"))
    return Layout(".xlsx", dict.fromkeys(headings, plain), None, True)


def _text_head(original: Path | None, reader: CsvOptions, headings: dict[str | None, list[str]]) -> TextHead:
    if original is not None:
        try:
            head = text_head(original, reader)
        except InputRefused:
            pass
        else:
            return replace(head, columns=tuple(name for name in head.columns if name not in MARKS))
    columns = list(dict.fromkeys(name for names in headings.values() for name in names))
    # The header stands on the line where the source's reader looks for it.
    return TextHead([""] * (reader.header_line - 1), tuple(columns), reader.delimiter or ",")


def _sheet_heads(original: Path | None, reader: WorkbookOptions) -> dict[str | None, SheetHead]:
    if original is None:
        return {}
    try:
        return {head.name: _without_marks(head) for head in sheet_heads(original, reader)}
    except InputRefused:
        return {}


def _without_marks(head: SheetHead) -> SheetHead:
    """The head of an answer's sheet without what the return had added on the right."""
    columns = {name: place for name, place in head.columns.items() if name not in MARKS}
    last = max(columns.values(), default=-1)
    rows = [row[: last + 1] for row in head.rows]
    return replace(head, rows=rows, merged=[cells for cells in head.merged if cells[3] <= last], columns=columns)


def _plain_head(name: str, columns: Sequence[str], reader: WorkbookOptions) -> SheetHead:
    """Headings from column A on, merged downwards over as many rows as the source's reader takes for the header."""
    depth = reader.header_rows
    above = reader.header_start - 1 if isinstance(reader.header_start, int) else 0
    rows = [[""] * len(columns) for _ in range(above)] + [list(columns)] + [[""] * len(columns)] * (depth - 1)
    merged = [(above, place, above + depth - 1, place) for place in range(len(columns) if depth > 1 else 0)]
    return SheetHead(name, rows, merged, depth, {heading: place for place, heading in enumerate(columns)})
