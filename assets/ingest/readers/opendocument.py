"""The package of an OpenDocument spreadsheet (ODS) before it is parsed: extents, merged cells and blanks of its sheets."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from zipfile import ZipInfo

from assets.ingest.readers.archive import damaged, inflate
from assets.ingest.readers.limits import CELL_BYTES, MAX_SHEET_BYTES, too_large
from assets.ingest.readers.ooxml import not_workbook
from assets.ingest.readers.sheet_marks import UNCALCULATED, SheetMarks, encrypted, too_large_sheet
from assets.ingest.readers.xml_parts import Walker, walk

CONTENT = "content.xml"
_MANIFEST = "META-INF/manifest.xml"
MIMETYPE = "mimetype"
_SPREADSHEET = b"application/vnd.oasis.opendocument.spreadsheet"
_MAX_LIST_BYTES = 8 << 20
# Letters of one cell; Excel and LibreOffice stop far below.
_LONGEST_TEXT = 16 << 20
_ENCRYPTION = b"encryption-data"


class OpenDocumentPackage:
    """The package of an ODS file. Raises InputRefused: file.damaged, file.encrypted, file.not_workbook,
    file.too_large, file.unsafe_name, file.unsafe_xml."""

    def __init__(self, path: Path, members: Mapping[str, ZipInfo]) -> None:
        self._path, self._members = path, members
        if CONTENT not in members or not self._held(MIMETYPE).startswith(_SPREADSHEET):
            raise not_workbook(path)
        if _ENCRYPTION in self._held(_MANIFEST):
            raise encrypted(path)
        tables = _Tables(path)
        walk(path, inflate(path, members[CONTENT]), tables)
        self._marks = tables.marks

    def check_sheet(self, name: str) -> SheetMarks:
        """The marks of a sheet. All sheets were measured at the start, for the parser lays them out together."""
        return self._marks[name]

    def _held(self, name: str) -> bytes:
        """A small part; one that is not there is blank."""
        if name not in self._members:
            return b""
        if self._members[name].file_size > _MAX_LIST_BYTES:
            raise too_large(self._path, f"bung ra quá nhiều ở phần {name}", f"unpacks to too much in {name}")
        return b"".join(inflate(self._path, self._members[name]))


class _Tables(Walker):
    """Marks of every sheet, with repeated rows and cells counted as often as they stand."""

    def __init__(self, path: Path) -> None:
        self.marks: dict[str, SheetMarks] = {}
        self._path = path
        self._name = ""
        # What the sheets before this one take: the parser lays all of them out together.
        self._before = 0
        self._sheet = SheetMarks()
        self._merged: list[tuple[int, int, int, int]] = []
        self._row = self._column = 0
        self._rows = self._columns = 1
        self._cells: list[tuple[int, int, str | None]] = []
        self._row_text = 0
        self._text: list[str] = []
        self._cell_text = 0
        self._in_cell = False
        self._is_error = self._is_blank_formula = self._has_value = False

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        if name in ("table:table-cell", "table:covered-table-cell"):
            self._columns = self._count(attributes, "table:number-columns-repeated")
            self._text, self._cell_text, self._in_cell = [], 0, True
            self._has_value = "office:value-type" in attributes
            self._is_error = attributes.get("calcext:value-type") == "error"
            self._is_blank_formula = "table:formula" in attributes and not self._has_value
            across = self._count(attributes, "table:number-columns-spanned")
            down = self._count(attributes, "table:number-rows-spanned")
            if across > 1 or down > 1:
                self._merged.append((self._row, self._column, self._row + down - 1, self._column + across - 1))
        elif name == "table:table-row":
            self._rows = self._count(attributes, "table:number-rows-repeated")
            self._column, self._row_text, self._cells = 0, 0, []
        elif name == "table:table":
            self._name = attributes.get("table:name", "")
            if self._name in self.marks:
                raise damaged(self._path, f"two sheets of the name {self._name!r}")
            self._before += self._sheet.rows * self._sheet.columns * CELL_BYTES + self._sheet.text_bytes
            self._sheet, self._merged, self._row = SheetMarks(), [], 0
            self._sheet.merged = self._merged
            self.marks[self._name] = self._sheet

    def end(self, name: str) -> None:
        if name in ("table:table-cell", "table:covered-table-cell"):
            text = "".join(self._text)
            mark = (
                (text or UNCALCULATED)
                if self._is_error
                else UNCALCULATED
                if self._is_blank_formula and not text
                else None
            )
            if self._has_value or text:
                self._sheet.columns = max(self._sheet.columns, self._column + self._columns)
                self._sheet.rows = max(self._sheet.rows, self._row + 1)
                self._row_text += len(text.encode()) * self._columns
            if mark is not None:
                self._cells.append((self._column, self._columns, mark))
            self._column += self._columns
            self._in_cell = False
            # A row is laid out before it is known how often it stands.
            if self._sheet.columns > 0 and self._sheet.is_too_large:
                raise too_large_sheet(self._path, self._name, self._sheet)
        elif name == "table:table-row":
            if self._sheet.rows > self._row:
                self._sheet.rows = self._row + self._rows
                self._sheet.text_bytes += self._row_text * self._rows
                area = self._sheet.rows * self._sheet.columns * CELL_BYTES
                if self._sheet.is_too_large or self._before + area + self._sheet.text_bytes > MAX_SHEET_BYTES:
                    raise too_large_sheet(self._path, self._name, self._sheet)
            self._note()
            self._row += self._rows

    def text(self, data: str) -> None:
        if self._in_cell:
            self._text.append(data)
            self._cell_text += len(data)
            if self._cell_text > _LONGEST_TEXT:
                raise too_large_sheet(self._path, self._name, self._sheet)

    def _note(self) -> None:
        if not self._cells:
            return
        found = [(column + n, mark) for column, times, mark in self._cells if mark for n in range(min(times, 1024))]
        # Repeated blank formulas down to the end of the sheet are no rows.
        for row in range(self._row, self._row + (self._rows if self._sheet.rows > self._row else 1)):
            self._sheet.errors[row] = found

    def _count(self, attributes: Mapping[str, str], name: str) -> int:
        stated = attributes.get(name, "1")
        if not (stated.isascii() and stated.isdigit() and len(stated) <= 9):
            raise damaged(self._path, f"{name} is {stated[:20]!r}")
        return max(int(stated), 1)
