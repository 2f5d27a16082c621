"""The package of an XLSX workbook before its sheets are parsed: its parts, and the extent and blanks of a sheet."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from xml.etree import ElementTree
from zipfile import ZipInfo

import numpy as np
import numpy.typing as npt

from assets.ingest.readers.archive import damaged, inflate
from assets.ingest.readers.limits import CELL_BYTES, MAX_HELD_PART_BYTES, MAX_SHEET_BYTES, too_large
from assets.ingest.readers.sheet_marks import (
    UNCALCULATED,
    SheetMarks,
    column_index,
    encrypted,
    too_large_sheet,
)
from assets.ingest.readers.table import InputRefused
from assets.ingest.readers.xml_parts import Walker, require_plain, walk

WORKBOOK = "xl/workbook.xml"
_LINKS = "xl/_rels/workbook.xml.rels"
_TEXTS = "xl/sharedStrings.xml"
# Parts the parser holds whole. The list of sheets is held as a tree besides, some twenty times its size.
_HELD = (_TEXTS, "xl/styles.xml")
_LISTS = (WORKBOOK, _LINKS)
_MAX_LIST_BYTES = 8 << 20

_LONGEST_ROW = 64 << 20
# Excel's own bounds.
_LAST_ROW, _LAST_COLUMN = 1_048_576, 16_384

_ANY_PLACE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_CELL_OR_ROW = re.compile(rb"<(?:c|row)[\s/>]")
_ERROR = re.compile(
    rb'<c (?=[^>]*\bt="e")r="(?P<column>[A-Z]{1,3})(?P<row>\d+)"[^>]*>(?:(?!</c>).)*?<v>(?P<text>[^<]*)<', re.DOTALL
)
# A cell with a formula and either no value or, unless the value is a text, a blank one.
_FORMULA = re.compile(
    rb'<c (?P<is_text>(?=[^>]*\bt="str"))?r="(?P<column>[A-Z]{1,3})(?P<row>\d+)"[^>]*>'
    rb"<f(?:\s[^>]*)?(?:/>|>[^<]*</f>)(?P<value><v\s*/>|<v></v>)?</c>"
)
_SHARED = re.compile(rb't="s"[^>]*>\s*<(?:[\w.-]+:)?v>(\d+)<')

# Tables of bytes: what may stand beside an equals sign only in other spellings, how the elements that count begin, and
# what ends a name.
_BLANK_OR_QUOTE, _FIRST_LETTER, _NAME_END = (
    np.isin(np.arange(256), np.frombuffer(letters, dtype=np.uint8)) for letters in (b" \t\r\n'", b"cvri", b" \t\r\n/>")
)


class OoxmlPackage:
    """The package of an XLSX file. Raises InputRefused: file.damaged, file.encrypted, file.not_workbook,
    file.too_large, file.unsafe_name, file.unsafe_xml."""

    def __init__(self, path: Path, members: Mapping[str, ZipInfo]) -> None:
        self._path, self._members = path, members
        if any(member.flag_bits & 1 for member in members.values()):
            raise encrypted(path)
        if WORKBOOK not in members:
            raise not_workbook(path)
        self._text_bytes = members[_TEXTS].file_size if _TEXTS in members else 0
        for name in _HELD:
            if name in members:
                self._require_small(name, MAX_HELD_PART_BYTES)
                for _ in self._blocks(name):
                    pass
        self._sheet_parts = self._find_sheets()

    def check_sheet(self, name: str) -> SheetMarks:
        """Measure a sheet's area before it is parsed, and find the cells the parser leaves blank."""
        part = self._sheet_parts.get(name)
        if part is None:
            raise damaged(self._path, f"no part for sheet {name!r}")
        scan = _SheetScan(self._path, name)
        if scan.take_all(self._blocks(part)):
            marks, shared = scan.marks, scan.shared
        else:
            odd = _OddSheet(self._path, name)
            walk(self._path, self._blocks(part), odd)
            marks, shared = odd.marks, odd.shared
        room = MAX_SHEET_BYTES - marks.rows * marks.columns * CELL_BYTES
        if shared * self._text_bytes > room:
            marks.text_bytes += self._copied_bytes(part)
        if marks.is_too_large:
            raise too_large_sheet(self._path, name, marks)
        return marks

    def _blocks(self, part: str) -> Iterator[bytes]:
        if part not in self._members:
            raise damaged(self._path, f"no part {part!r}")
        first = True
        for block in inflate(self._path, self._members[part]):
            if first:
                require_plain(self._path, block)
                first = False
            yield block

    def _require_small(self, part: str, most: int) -> None:
        if (size := self._members[part].file_size) > most:
            mb = size >> 20
            raise too_large(self._path, f"bung ra {mb:,} MB ở phần {part}", f"unpacks to {mb:,} MB in {part}")

    def _tree(self, part: str) -> ElementTree.Element:
        if part in self._members:
            self._require_small(part, _MAX_LIST_BYTES)
        try:
            return ElementTree.fromstring(b"".join(self._blocks(part)))
        except ElementTree.ParseError as error:
            raise damaged(self._path, str(error)) from None

    def _find_sheets(self) -> dict[str, str]:
        """Sheet name -> member of the archive."""
        targets = {link.get("Id"): link.get("Target", "") for link in self._tree(_LINKS)}
        parts: dict[str, str] = {}
        for element in self._tree(WORKBOOK).iter():
            if element.tag.rpartition("}")[2] == "sheet":
                link = next((value for key, value in element.items() if key.endswith("}id")), "")
                target = targets.get(link, "")
                name = element.get("name", "")
                if name in parts:
                    raise damaged(self._path, f"two sheets of the name {name!r}")
                parts[name] = posixpath.normpath(posixpath.join("/xl", target)).lstrip("/")
        return parts

    def _copied_bytes(self, part: str) -> int:
        """The bytes of all texts of a sheet when every cell has a copy of its own: texts are kept once in the file."""
        sizes: list[npt.NDArray[np.int64]] = []
        rest = b""
        for block in self._blocks(_TEXTS):
            pieces = (rest + block).split(b"</si>")
            rest = pieces.pop()
            sizes.append(np.array([len(piece) for piece in pieces], dtype=np.int64))
        lengths = np.concatenate([*sizes, np.array([len(rest)])])
        total, rest = 0, b""
        for block in self._blocks(part):
            text = rest + block
            cut = text.rfind(b"</")
            found = np.array(_SHARED.findall(text, 0, cut), dtype=np.int64) if cut > 0 else np.array([], np.int64)
            total += int(lengths[np.minimum(found, len(lengths) - 1)].sum())
            last = text.rfind(b"<c", 0, cut) if cut > 0 else -1
            rest = text[max(last, 0) :] if len(text) - max(last, 0) < _LONGEST_ROW else b""
        return total


class _SheetScan:
    """Last row and column of a sheet that hold a value, and its blanks, from blocks of its XML as programs write it.

    What is well-formed but spelled as no program does could hide cells from a look at bytes: such a sheet is left to
    _OddSheet.
    """

    def __init__(self, path: Path, sheet: str) -> None:
        self.marks = SheetMarks()
        self.shared = 0
        self._path, self._sheet = path, sheet
        self._rest = b""
        self._prefix: bytes | None = None

    def take_all(self, blocks: Iterator[bytes]) -> bool:
        """Scan the sheet; False when it is spelled otherwise."""
        for block in blocks:
            if not self._take(block):
                return False
            if self.marks.is_too_large or len(self._rest) > _LONGEST_ROW:
                raise too_large_sheet(self._path, self._sheet, self.marks)
        return _CELL_OR_ROW.search(self._rest) is None

    def _take(self, block: bytes) -> bool:
        text = self._rest + block
        if self._prefix is None:
            found = re.search(rb"<([\w.-]+:)?worksheet\b", block)
            self._prefix = (found and found[1]) or b""
        if self._prefix:
            text = text.replace(b"<" + self._prefix, b"<").replace(b"</" + self._prefix, b"</")
        end = text.rfind(b"</row>") + len(b"</row>")
        if end < len(b"</row>"):
            self._rest = text
            return True
        text, self._rest = text[:end], text[end:]
        letter = np.frombuffer(text + bytes(16), dtype=np.uint8)
        tags = np.flatnonzero(letter == ord("<"))
        first, second = letter[tags + 1], letter[tags + 2]
        is_cell = (first == ord("c")) & _NAME_END[second]
        cells = tags[is_cell]
        if _is_odd(text, letter, tags, cells):
            return False
        holders = np.cumsum(is_cell) - 1
        holders = holders[(first == ord("v")) | ((first == ord("i")) & (second == ord("s")))]
        if len(holders):
            # A cell before the first has no place, and is found to have none.
            columns, rows, are_places = _places(letter, cells[np.unique(holders)] + len('<c r="'))
            if not are_places.all():
                return False
            self.marks.take(int(rows.max()) - 1, int(columns.max()) - 1)
        self._note(text)
        self.shared += text.count(b't="s"')
        if b"<is" in text or b't="str"' in text:
            self.marks.text_bytes += len(text)
        return True

    def _note(self, text: bytes) -> None:
        """Keep the cells that the parser leaves blank though they hold something."""
        if b't="e"' in text:
            for cell in _ERROR.finditer(text):
                self._mark(cell["column"], cell["row"], cell["text"].decode(errors="replace"))
        if b"<f" in text:
            for cell in _FORMULA.finditer(text):
                if cell["value"] is None or cell["is_text"] is None:
                    self._mark(cell["column"], cell["row"], UNCALCULATED)

    def _mark(self, column: bytes, row: bytes, text: str) -> None:
        self.marks.errors.setdefault(int(row) - 1, []).append((column_index(column), text))


def _is_odd(
    text: bytes, letter: npt.NDArray[np.uint8], tags: npt.NDArray[np.int64], cells: npt.NDArray[np.int64]
) -> bool:
    """Whether whole rows are spelled as no program does: comments, other quotes or prefixes, cells that do not begin
    with their place, ends of rows with a blank."""
    signs, colons = np.flatnonzero(letter == ord("=")), np.flatnonzero(letter == ord(":"))
    if _BLANK_OR_QUOTE[letter[np.concatenate([signs - 1, signs + 1])]].any() or (b"!" in text and b"<!" in text):
        return True
    for offset, mark in enumerate(b' r="', start=2):
        if (letter[cells + offset] != mark).any():
            return True
    ends = tags[(letter[tags + 1] == ord("/")) & (letter[tags + 2] == ord("r")) & (letter[tags + 4] == ord("w"))]
    if (letter[ends + 5] != ord(">")).any():
        return True
    # The parser takes an element by its name alone, whatever stands before the colon.
    near = (text[colon : colon + 5] for colon in colons[_FIRST_LETTER[letter[colons + 1]]])
    return any(re.match(rb":(?:c|v|row|is)[\s/>]", name) for name in near)


def _places(
    letter: npt.NDArray[np.uint8], at: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Column and row (from 1) of the places that begin at these bytes, and whether each is one within Excel's bounds."""
    at = at.copy()
    column, row = np.zeros(len(at), dtype=np.int64), np.zeros(len(at), dtype=np.int64)
    for value, first, last, base, zero in ((column, "A", "Z", 26, ord("A") - 1), (row, "0", "9", 10, ord("0"))):
        for _ in range(3 if first == "A" else 7):
            here = letter[at]
            is_part = (here >= ord(first)) & (here <= ord(last))
            if not is_part.any():
                break
            value[is_part] = value[is_part] * base + here[is_part] - zero
            at += is_part
    is_place = (letter[at] == ord('"')) & (column > 0) & (column <= _LAST_COLUMN) & (row > 0) & (row <= _LAST_ROW)
    return column, row, is_place


class _OddSheet(Walker):
    """The same from a sheet of any spelling, element by element: some twenty times as slow."""

    def __init__(self, path: Path, sheet: str) -> None:
        self.marks = SheetMarks()
        self.shared = 0
        self._path, self._sheet = path, sheet
        self._row = self._own_row = self._column = self._cells = -1
        self._in = ""
        self._kind: str | None = None
        self._has_formula = self._has_value = False
        self._value: list[str] = []

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        tag = name.rpartition(":")[2]
        if tag == "row":
            stated = attributes.get("r", "")
            self._row = int(stated) - 1 if re.fullmatch(r"[0-9]{1,7}", stated) else self._row + 1
            self._own_row, self._column, self._cells = self._row, -1, -1
        elif tag == "c":
            self._column += 1
            self._cells += 1
            if "r" in attributes:
                place = _ANY_PLACE.fullmatch(attributes["r"])
                if place is None:
                    raise damaged(self._path, f"a cell at {attributes['r'][:20]!r}")
                self._column, self._row = column_index(place[1].encode()), int(place[2]) - 1
            if self._row >= _LAST_ROW or self._column >= _LAST_COLUMN:
                raise damaged(self._path, "a cell beyond the last row or column")
            self._kind = attributes.get("t")
            self._has_formula = self._has_value = False
            self._value = []
            self.shared += self._kind == "s"
        elif tag in ("v", "is", "t"):
            self._in, self._has_value = tag, True
        elif tag == "f":
            self._has_formula = True

    def end(self, name: str) -> None:
        tag = name.rpartition(":")[2]
        if tag in ("v", "is", "t"):
            self._in = ""
        elif tag == "c":
            value = "".join(self._value)
            if self._has_formula and not value and self._kind != "str":
                self.marks.errors.setdefault(self._row, []).append((self._column, UNCALCULATED))
            elif self._has_value:
                # A cell without a place may be counted from the last one that has one, or from the row's beginning.
                self.marks.take(max(self._row, self._own_row), max(self._column, self._cells))
                if self._kind == "e":
                    self.marks.errors.setdefault(self._row, []).append((self._column, value))
            if self.marks.is_too_large:
                raise too_large_sheet(self._path, self._sheet, self.marks)

    def text(self, data: str) -> None:
        if self._in:
            self._value.append(data)
            self.marks.text_bytes += len(data)
            if self.marks.text_bytes > MAX_SHEET_BYTES // 4:  # up to four bytes each
                raise too_large_sheet(self._path, self._sheet, self.marks)


def not_workbook(path: Path) -> InputRefused:
    """The refusal of an archive that is no workbook."""
    return InputRefused(
        "file.not_workbook",
        f"Tệp “{path.name}” không phải là sổ tính XLSX hay ODS. Hãy mở tệp và lưu lại ở dạng “Excel Workbook (.xlsx)”.",
        f"The file {path.name!r} is not an XLSX or ODS workbook. Open it and save it as “Excel Workbook (.xlsx)”.",
    )
