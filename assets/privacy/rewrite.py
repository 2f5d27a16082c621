"""Files of the inbox without some of their rows, by kind. A row becomes a blank one, so that every other keeps its line.

Which rows go is decided in forget.py, and so is when a rewritten file takes the place of the one that was sent. Kinds that
no library writes in one call have modules of their own beside this one.
"""

from __future__ import annotations

import re
import shutil
import sqlite3
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path

import openpyxl
from sqlalchemy.engine import make_url

from assets.ingest.plan import PlannedInput
from assets.ingest.readers import InputRefused
from assets.ingest.readers.json_records import write_json_without
from assets.ingest.readers.options import (
    CsvOptions,
    JsonLinesOptions,
    JsonOptions,
    ParquetOptions,
    ReaderOptions,
    SpssOptions,
    WorkbookOptions,
)
from assets.ingest.readers.text import open_text, profile_text
from assets.ingest.spec import SourceSpec
from assets.ingest.zipped import members
from assets.privacy.reread import reads_alike
from assets.privacy.rewrite_archive import replace_members
from assets.privacy.rewrite_columns import blank_parquet, blank_spss
from assets.privacy.rewrite_old_excel import NotUnderstood, blank_old_excel
from assets.privacy.rewrite_opendocument import blank_opendocument
from assets.privacy.tokens import Wanted

# Sheet (in NFC; blank where a file has none) → the lines of its rows, counted as the reader counts them.
Places = Mapping[str, Collection[int]]

_LINE_END = re.compile(r"(?<=\n)|(?<=\r)(?!\n)")
_OPENPYXL = (".xlsx", ".xlsm")
_BY_HAND = "take the rows out by hand"


class CannotRewrite(Exception):
    """A file of this kind cannot be written without some of its rows; the message says what to do."""


def rewrite(item: PlannedInput, places: Places, titles: Mapping[str, str], work: Path) -> tuple[Path, Path]:
    """Write the file of an input without the rows at `places` into the folder `work`; `titles` are sheets' own names.

    Returns the file, and what takes the place of `item.file`: the same, or the archive with the file in it. Raises
    CannotRewrite, also when the written file does not read as the old one but for these rows.
    """
    own = {titles.get(sheet, sheet): lines for sheet, lines in places.items()}
    try:
        if item.member is not None:
            # Another file in the archive may have been exchanged since it was looked into.
            found = {member.name: member for member in members(item.file, item.member.work)}
            item = replace(item, member=found[item.member.name])
        if item.member is None:
            written = work / f"rewritten{item.file.suffix}"
            _write(item.spec.reader, item.file, own, written)
        else:
            with item.member.unpacked() as file:
                written = work / f"rewritten{file.suffix}"
                _write(item.spec.reader, file, own, written)
    except (CannotRewrite, OSError):  # a disk that is full is no fault of the file
        raise
    except Exception as error:  # libraries raise anything for a file that is out of the ordinary
        raise CannotRewrite(f"it cannot be written again ({type(error).__name__}): {_BY_HAND}") from None
    if not reads_alike(item, places, written):
        raise CannotRewrite(f"written again it would not read as it did: {_BY_HAND}")
    whole = written
    if item.member is not None:
        whole = work / "rewritten.zip"
        try:
            replace_members(item.file, {item.member.name: written}, whole)
        except InputRefused:
            raise CannotRewrite(f"the archive holds what cannot be unpacked and packed again: {_BY_HAND}") from None
    shutil.copymode(item.file, whole)
    return written, whole


def _write(options: ReaderOptions, file: Path, places: Places, target: Path) -> None:
    lines = {line for rows in places.values() for line in rows}
    suffix = file.suffix.lower()
    match options:
        case CsvOptions():
            _blank_lines(file, options.encoding, lines, target, quoted=True)
        case JsonLinesOptions():
            _blank_lines(file, "utf-8", lines, target, quoted=False)
        case JsonOptions():
            write_json_without(file, options, lines, target)
        case ParquetOptions():
            blank_parquet(file, lines, target)
        case SpssOptions():
            if lost := blank_spss(file, options, lines, target):
                raise CannotRewrite(f"it holds {lost}, which no library writes: {_BY_HAND}")
        case WorkbookOptions() if suffix in _OPENPYXL:
            _blank_cells(file, places, target)
        case WorkbookOptions() if suffix == ".ods":
            blank_opendocument(file, places, target)
        case WorkbookOptions() if suffix == ".xls":
            try:
                blank_old_excel(file, places, target)
            except NotUnderstood as how:
                raise CannotRewrite(f"it is laid out in another way ({how}): {_BY_HAND}") from None
        case _:
            raise CannotRewrite(f"a {suffix or options.kind} file is not rewritten: {_BY_HAND}")


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
    """Empty the cells of the rows; openpyxl writes only the texts that are still used.

    It writes formulas without their results, which are what was sent: where there is a formula, results take their places.
    """
    has_macros = file.suffix.lower() == ".xlsm"
    book = openpyxl.load_workbook(file, keep_vba=has_macros)
    if any(cell.data_type == "f" for page in book.worksheets for row in page.iter_rows() for cell in row):
        book = openpyxl.load_workbook(file, keep_vba=has_macros, data_only=True)
    for page in book.worksheets:
        lines = places.get(unicodedata.normalize("NFC", page.title), places.get("", ()))
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
