"""The first rows of an input that no spec describes yet: readers are tried until one makes a table of it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from pydantic import ValidationError

from assets.ingest.clean_cells import EDGES
from assets.ingest.readers import open_input
from assets.ingest.readers.database import open_database
from assets.ingest.readers.options import CsvOptions, DatabaseOptions, JsonOptions, ReaderOptions, WorkbookOptions
from assets.ingest.readers.table import FAULT, OWN_COLUMNS, InputRefused, RawTable

SAMPLE_ROWS = 1_000
# How far down the header of a text file is looked for, and how deep lists may stand in a JSON document.
_HEADER_LINES = 10
_LIST_DEPTH = 3
_HEADER_ROWS = (1, 2, 3)
# A header on the wrong line leaves rows that do not fit it.
_FAULTS_BELOW = 0.5

_KIND_OF_SUFFIX = {
    **dict.fromkeys((".csv", ".txt", ".tsv"), "csv"),
    **dict.fromkeys((".xlsx", ".xlsm", ".xls", ".ods"), "workbook"),
    **dict.fromkeys((".jsonl", ".ndjson"), "jsonl"),
    ".json": "json",
    ".sav": "spss",
    ".zsav": "spss",
}
DATABASE_SUFFIXES = (".sqlite", ".sqlite3", ".db")


@dataclass(frozen=True)
class Sample:
    """The first rows of one table as one reader gives them; cells are trimmed and in NFC, a blank one is None."""

    reader: ReaderOptions
    sheet: str
    columns: tuple[str, ...]
    cells: dict[str, list[str | None]]
    rows: int
    faults: int


def samples(place: Path | str, table: str | None = None) -> list[Sample]:
    """Return the tables that the input can be read as: the ways to read a workbook's header, its sheets, or only one.

    `place` is a file, or a database's URL with its `table`. Raises InputRefused: what the likeliest reader says.
    """
    if table is not None:
        with open_database(str(place), table=table) as database:
            return [_sample(DatabaseOptions(kind="database"), database.rows(most=SAMPLE_ROWS))]
    path = Path(place)
    refusal: InputRefused | None = None
    for kind in _kinds(path):
        try:
            found = list(_read(path, kind))
        except InputRefused as refused:
            refusal = refusal or refused
            continue
        if found:
            return found
    if refusal is not None:
        raise refusal
    raise InputRefused(
        "file.not_a_table",
        f"Không đọc được bảng nào trong tệp “{path.name}”; hãy xuất lại dưới dạng XLSX hoặc CSV.",
        f"No table was found in {path.name!r}; export it as XLSX or CSV.",
    )


def _kinds(path: Path) -> list[str]:
    """Every kind of file that there is a reader for, the likeliest first."""
    options = [*get_args(get_args(ReaderOptions)[0])]
    known = [get_args(option.model_fields["kind"].annotation)[0] for option in options]
    files = [kind for kind in known if kind != "database"]
    first = _KIND_OF_SUFFIX.get(path.suffix.lower(), path.suffix.lower().lstrip("."))
    return sorted(files, key=lambda kind: kind != first)


def _options(kind: str, **more: Any) -> ReaderOptions | None:
    """The options of a kind of reader; None where it needs to be told something."""
    for option in get_args(get_args(ReaderOptions)[0]):
        if get_args(option.model_fields["kind"].annotation)[0] == kind:
            try:
                made: ReaderOptions = option(kind=kind, **more)
            except ValidationError:
                return None
            return made
    return None


def _read(path: Path, kind: str) -> Iterator[Sample]:
    if kind == "csv":
        yield from _text(path)
    elif kind == "workbook":
        yield from _workbook(path)
    elif kind == "json":
        yield from _json(path, [])
    elif (options := _options(kind)) is not None:
        yield from (_sample(options, table) for table in open_input(path, options))


def _text(path: Path) -> Iterator[Sample]:
    """The first line below which most rows fit."""
    refusal: InputRefused | None = None
    for line in range(1, _HEADER_LINES + 1):
        options = CsvOptions(kind="csv", header_line=line)
        try:
            [found] = [_sample(options, table) for table in open_input(path, options)]
        except InputRefused as refused:
            refusal = refusal or refused
            continue
        if found.rows and found.faults <= _FAULTS_BELOW * found.rows and len(found.columns) > 1:
            yield found
            return
    if refusal is not None:
        raise refusal


def _workbook(path: Path) -> Iterator[Sample]:
    """Every visible sheet with a header of one to three rows; a sheet without a table hides those after it."""
    found: list[Sample] = []
    refusal: InputRefused | None = None
    for rows in _HEADER_ROWS:
        for sheet in ("*", None):
            options = WorkbookOptions(kind="workbook", header_rows=rows, sheet=sheet)
            before = len(found)
            try:
                for table in open_input(path, options):
                    found.append(_sample(options, table))
            except InputRefused as refused:
                refusal = refusal or refused
            if len(found) > before:
                break
    if not found and refusal is not None:
        raise refusal
    yield from found


def _json(path: Path, within: list[str]) -> Iterator[Sample]:
    """The document's list, or the lists within its objects."""
    options = JsonOptions(kind="json", path=within)
    [found] = [_sample(options, table) for table in open_input(path, options)]
    yield found
    if len(within) < _LIST_DEPTH:
        for heading in found.columns:
            cells = [cell for cell in found.cells[heading] if cell is not None]
            if cells and all(cell.startswith("[{") for cell in cells):
                yield from _json(path, [*within, heading.rpartition(".")[2]])


def _sample(options: ReaderOptions, table: RawTable) -> Sample:
    columns = tuple(name for name in table.columns if name not in OWN_COLUMNS)
    cells: dict[str, list[str | None]] = {name: [] for name in columns}
    rows = faults = 0
    for batch in table.batches:
        wanted = batch.slice(0, SAMPLE_ROWS - rows)
        rows += wanted.num_rows
        faults += wanted.num_rows - wanted.column(FAULT).null_count
        for name in columns:
            cells[name] += [_clean(cell) for cell in wanted.column(name).to_pylist()]
        if rows == SAMPLE_ROWS:
            break
    return Sample(options, table.sheet, columns, cells, rows, faults)


def _clean(cell: str | None) -> str | None:
    return unicodedata.normalize("NFC", cell).strip(EDGES) or None if cell is not None else None


def filled(cells: list[str | None]) -> list[str]:
    """Return the cells that are not blank."""
    return [cell for cell in cells if cell is not None]
