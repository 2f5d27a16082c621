"""Files of the inbox without some of their rows, by kind. A row becomes a blank one, so that every other keeps its line.

Which rows go is decided in forget.py, and so is when a rewritten file takes the place of the one that was sent.
"""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from collections.abc import Collection, Mapping
from pathlib import Path

import openpyxl
from sqlalchemy.engine import make_url

from assets.ingest.readers.options import CsvOptions, JsonLinesOptions, JsonOptions, WorkbookOptions
from assets.ingest.readers.text import open_text, profile_text
from assets.ingest.spec import SourceSpec
from assets.privacy.tokens import Wanted

# Sheet (blank where a file has none) → the lines of its rows, counted as the reader counts them.
Places = Mapping[str, Collection[int]]

_LINE_END = re.compile(r"(?<=\n)|(?<=\r)(?!\n)")
_OPENPYXL = (".xlsx", ".xlsm")


class CannotRewrite(Exception):
    """A file of this kind cannot be written without some of its rows; the message says what to do."""


def rewrite(spec: SourceSpec, file: Path, places: Places, target: Path) -> None:
    """Write `file` without the rows at `places` to `target`. Raises CannotRewrite."""
    lines = {line for rows in places.values() for line in rows}
    options = spec.reader
    if isinstance(options, CsvOptions):
        _blank_lines(file, options.encoding, lines, target, quoted=True)
    elif isinstance(options, JsonLinesOptions):
        _blank_lines(file, "utf-8", lines, target, quoted=False)
    elif isinstance(options, JsonOptions) and not options.path:
        document = json.loads(file.read_bytes().decode("utf-8-sig"))
        items = document if isinstance(document, list) else [document]
        kept = [{} if number in lines else item for number, item in enumerate(items, start=1)]
        target.write_text(json.dumps(kept, ensure_ascii=False, indent=1), encoding="utf-8")
    elif isinstance(options, WorkbookOptions) and file.suffix.lower() in _OPENPYXL:
        _blank_cells(file, places, target)
    else:
        raise CannotRewrite(f"a {file.suffix or options.kind} file is not rewritten: take the rows out by hand")
    shutil.copymode(file, target)


def _blank_lines(file: Path, encoding: str | None, lines: Collection[int], target: Path, *, quoted: bool) -> None:
    """Leave of a record nothing but its line ends; a quoted cell may go on over several lines."""
    profile = profile_text(file, encoding)
    with open_text(file, profile) as text:
        physical = _LINE_END.split(text.read())
    for number in sorted(lines):
        index, quotes = number - 1, 0
        while index < len(physical):
            line = physical[index]
            quotes += line.count('"')
            physical[index] = line[len(line.rstrip("\r\n")) :]
            index += 1
            if not quoted or quotes % 2 == 0:
                break
    mark = file.read_bytes()[: profile.bom_bytes]
    target.write_bytes(mark + "".join(physical).encode(profile.encoding))


def _blank_cells(file: Path, places: Places, target: Path) -> None:
    """Empty the cells of the rows; openpyxl writes only the texts that are still used."""
    book = openpyxl.load_workbook(file, keep_vba=file.suffix.lower() == ".xlsm")
    for page in book.worksheets:
        lines = places.get(page.title, places.get("", ()))
        for line in lines:
            for cell in page[line]:
                if not isinstance(cell, openpyxl.cell.MergedCell):
                    cell.value = None
                    cell.comment = None
    book.save(target)


def database_file(spec: SourceSpec, workspace: Path) -> Path | None:
    """Return the SQLite file within the workspace that a source reads, or None."""
    if spec.location.url is None or spec.location.table is None:
        return None
    url = make_url(spec.location.url.replace("{workspace}", workspace.resolve().as_posix()))
    if url.get_backend_name() != "sqlite" or not url.database:
        return None
    file = Path(url.database).resolve()
    return file if file.is_relative_to(workspace.resolve()) and file.is_file() else None


def rows_of_database(file: Path, table: str, wanted: Wanted) -> list[int]:
    """Return the row ids of a table of an SQLite file that hold a person."""
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as database:
        name = table.replace('"', '""')
        rows = database.execute(f'SELECT rowid, * FROM "{name}"')
        found = [
            row[0] for row in rows if wanted.in_text(" | ".join(str(cell) for cell in row[1:] if cell is not None))
        ]
    database.close()
    return found


def delete_from_database(file: Path, table: str, rows: Collection[int]) -> None:
    """Delete rows in one transaction, and overwrite the pages where they stood."""
    name = table.replace('"', '""')
    with sqlite3.connect(file) as database:
        database.execute("PRAGMA secure_delete = ON")
        database.executemany(f'DELETE FROM "{name}" WHERE rowid = ?', [(row,) for row in rows])
    database.execute("VACUUM")
    database.close()
