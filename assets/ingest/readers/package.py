"""The container of a workbook, looked at before its sheets are parsed: is it whole, readable and of a sane size?"""

from __future__ import annotations

import mmap
import posixpath
import re
import zipfile
import zlib
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

from assets.ingest.readers.table import InputRefused, require_file

# The parser lays a sheet out as a full rectangle of about 30 bytes a cell, however few of its cells are filled.
MAX_CELLS = 50_000_000
MAX_PART_BYTES = 4 << 30
# Sheets of real tables shrink 5 to 60 times; what shrinks more than this above SMALL_PART is made to do harm.
MAX_RATIO = 400
SMALL_PART = 64 << 20

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_BLOCK = 1 << 20
_LONGEST_ROW = 64 << 20
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, KeyError, OSError)

_PLACE = re.compile(rb'<(?:[\w.-]+:)?c (?:[^>]*? )?r="([A-Z]{1,3})(\d+)"')
_ERROR = re.compile(
    rb'<(?:[\w.-]+:)?c (?=[^>]*\bt="e")[^>]*?\br="(?P<column>[A-Z]{1,3})\d+"[^>]*>'
    rb"(?:(?!</(?:[\w.-]+:)?c>).)*?<(?:[\w.-]+:)?v>(?P<text>[^<]*)<",
    re.DOTALL,
)

# 0-based sheet row -> [(0-based sheet column, text such as #N/A)]
ErrorCells = dict[int, list[tuple[int, str]]]


class Package:
    """A workbook file that may be opened. Raises InputRefused: file.missing, file.empty, file.encrypted, file.damaged,
    file.not_workbook, file.too_large."""

    def __init__(self, path: Path) -> None:
        require_file(path)
        self._path = path
        self._sheet_parts: dict[str, str] | None = None
        with path.open("rb") as file:
            magic = file.read(8)
            if magic == _OLE:
                # An old .xls, whose rows and columns are few, or the envelope of an encrypted workbook.
                with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
                    if content.find("EncryptedPackage".encode("utf-16-le")) >= 0:
                        raise encrypted(path)
                return
        if not magic.startswith(b"PK"):
            raise damaged(path, "not an Excel workbook")
        try:
            with zipfile.ZipFile(path) as archive:
                self._check_members(archive)
                self._sheet_parts = _sheet_parts(archive)
        except (*_DAMAGE, ElementTree.ParseError) as error:
            raise damaged(path, str(error)) from None

    def check_sheet(self, name: str) -> ErrorCells:
        """Measure a sheet's rectangle before it is parsed; returns its error cells, which the parser leaves blank."""
        if self._sheet_parts is None:
            return {}
        part = self._sheet_parts.get(name)
        if part is None:
            raise damaged(self._path, f"no part for sheet {name!r}")
        scan = _SheetScan()
        try:
            with zipfile.ZipFile(self._path) as archive, archive.open(part) as stream:
                while block := stream.read(_BLOCK):
                    scan.take(block)
                    if scan.rows * scan.columns > MAX_CELLS or len(scan.rest) > _LONGEST_ROW:
                        raise self._too_large_sheet(name, scan)
        except (*_DAMAGE, NotImplementedError) as error:
            raise damaged(self._path, str(error)) from None
        return scan.errors

    def _check_members(self, archive: zipfile.ZipFile) -> None:
        for member in archive.infolist():
            if member.flag_bits & 1:
                raise encrypted(self._path)
            ratio = member.file_size / max(member.compress_size, 1)
            if member.file_size > MAX_PART_BYTES or (member.file_size > SMALL_PART and ratio > MAX_RATIO):
                mb = member.file_size >> 20
                raise InputRefused(
                    "file.too_large",
                    f"Tệp “{self._path.name}” bung ra {mb:,} MB ở phần {member.filename}. "
                    "Hãy kiểm tra nguồn gốc của tệp; nếu tệp đúng, hãy gửi dữ liệu ở dạng CSV.",
                    f"The workbook {self._path.name!r} unpacks to {mb:,} MB in {member.filename}. "
                    "Check where it comes from; if it is sound, send the data as CSV.",
                )
        if "xl/workbook.xml" not in archive.namelist():
            raise InputRefused(
                "file.not_workbook",
                f"Tệp “{self._path.name}” không phải là sổ tính XLSX. Hãy mở tệp và lưu lại ở dạng “Excel Workbook (.xlsx)”.",
                f"The file {self._path.name!r} is not an XLSX workbook. Open it and save it as “Excel Workbook (.xlsx)”.",
            )

    def _too_large_sheet(self, name: str, scan: _SheetScan) -> InputRefused:
        area = f"A1:{column_letters(max(scan.columns - 1, 0))}{scan.rows}"
        return InputRefused(
            "file.too_large",
            f"Trang tính “{name}” của tệp “{self._path.name}” dùng vùng {area}, quá {MAX_CELLS:,} ô. "
            "Hãy xóa các dòng và cột trống có ô lạc ở ngoài bảng, hoặc gửi dữ liệu ở dạng CSV.",
            f"Sheet {name!r} of {self._path.name!r} uses the area {area}, more than {MAX_CELLS:,} cells. "
            "Delete stray cells beyond the table, or send the data as CSV.",
            sheet=name,
        )


class _SheetScan:
    """Last row and column of a sheet that hold a value, and its error cells, from blocks of its XML."""

    def __init__(self) -> None:
        self.rows = 0
        self.columns = 0
        self.errors: ErrorCells = {}
        self.rest = b""
        self._row = 0
        self._prefix: bytes | None = None

    def take(self, block: bytes) -> None:
        text = self.rest + block
        row_end = self._row_end(block)
        inline, errors = self._inline in text, b't="e"' in text
        begin = 0
        while (end := text.find(row_end, begin)) >= 0:
            self._row += 1
            value = text.rfind(self._value, begin, end)
            if inline:
                value = max(value, text.rfind(self._inline, begin, end))
            if value >= 0:
                place = _PLACE.match(text, text.rfind(self._cell, begin, value))
                if place:
                    letters, number = place.groups()
                    column, self._row = column_index(letters), int(number)
                else:
                    # Cells without a place follow each other from column A.
                    column = text.count(self._cell.rstrip(), begin, value) - 1
                if column >= self.columns:
                    self.columns = column + 1
                if self._row > self.rows:
                    self.rows = self._row
            if errors:
                found = [
                    (column_index(cell["column"]), cell["text"].decode(errors="replace"))
                    for cell in _ERROR.finditer(text, begin, end)
                ]
                if found:
                    self.errors[self._row - 1] = found
            begin = end + len(row_end)
        self.rest = text[begin:]

    def _row_end(self, block: bytes) -> bytes:
        if self._prefix is None:
            found = re.search(rb"<([\w.-]+:)?worksheet\b", block)
            self._prefix = (found and found[1]) or b""
            self._cell, self._value, self._inline = (b"<" + self._prefix + tag for tag in (b"c ", b"v", b"is"))
        return b"</" + self._prefix + b"row>"


def column_letters(index: int) -> str:
    """The letters Excel gives to a 0-based column: 0 is A, 26 is AA."""
    letters = ""
    index += 1
    while index:
        index, digit = divmod(index - 1, 26)
        letters = chr(ord("A") + digit) + letters
    return letters


@cache
def column_index(letters: bytes) -> int:
    """The 0-based column of Excel's letters."""
    index = 0
    for letter in letters:
        index = index * 26 + letter - ord("A") + 1
    return index - 1


def damaged(path: Path, what: str) -> InputRefused:
    """The refusal of a workbook that is cut short or garbled."""
    return InputRefused(
        "file.damaged",
        f"Tệp “{path.name}” bị hỏng hoặc bị cắt cụt, không đọc được như một sổ tính. Hãy đề nghị đơn vị gửi lại tệp.",
        f"The workbook {path.name!r} is damaged or cut short ({what}). Ask the sender for the file again.",
    )


def encrypted(path: Path) -> InputRefused:
    """The refusal of a workbook that opens only with a password."""
    return InputRefused(
        "file.encrypted",
        f"Tệp “{path.name}” được đặt mật khẩu. Hãy đề nghị đơn vị bỏ mật khẩu rồi gửi lại.",
        f"The workbook {path.name!r} is protected by a password. Ask the sender to remove it and send the file again.",
    )


def _sheet_parts(archive: zipfile.ZipFile) -> dict[str, str]:
    """Sheet name -> member of the archive."""
    targets = {
        link.get("Id"): link.get("Target", "")
        for link in ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
    }
    parts = {}
    for element in ElementTree.fromstring(archive.read("xl/workbook.xml")).iter():
        if element.tag.rpartition("}")[2] == "sheet":
            link = next((value for key, value in element.items() if key.endswith("}id")), "")
            target = targets.get(link, "")
            parts[element.get("name", "")] = posixpath.normpath(posixpath.join("/xl", target)).lstrip("/")
    return parts
