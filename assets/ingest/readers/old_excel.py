"""The container of an Excel 97-2003 file (XLS) before it is parsed: its stream of records, and extents and blanks of its sheets.

Layout: [MS-CFB] Compound File Binary Format and [MS-XLS] Excel Binary File Format, both published by Microsoft.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from assets.ingest.readers.archive import damaged
from assets.ingest.readers.limits import CELL_BYTES, MAX_HELD_FILE_BYTES, MAX_SHEET_BYTES, require_size
from assets.ingest.readers.sheet_marks import SheetMarks, encrypted, too_large_sheet

MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

_END_OF_CHAIN = 0xFFFFFFFE
_HEADER = 512
_ENTRY = 128

# Records of [MS-XLS] 2.3.
_BOF, _EOF, _BOUNDSHEET, _SST, _CONTINUE, _FILEPASS = 0x809, 0x0A, 0x85, 0xFC, 0x3C, 0x2F
_LABELSST, _BOOLERR, _FORMULA, _MULRK, _MERGED = 0xFD, 0x205, 0x06, 0xBD, 0xE5
_VALUES = frozenset((_LABELSST, _BOOLERR, _FORMULA, _MULRK, 0x203, 0x27E, 0x204, 0xD6))
_ERRORS = {0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!", 0x1D: "#NAME?", 0x24: "#NUM!", 0x2A: "#N/A"}

_CUT = (struct.error, IndexError, ValueError, UnicodeDecodeError)


class OldExcelPackage:
    """The records of an XLS file. Raises InputRefused: file.damaged, file.encrypted, file.too_large."""

    def __init__(self, path: Path) -> None:
        self._path = path
        require_size(path, MAX_HELD_FILE_BYTES)
        try:
            streams = CompoundFile(path.read_bytes())
            if "EncryptedPackage" in streams.names:
                raise encrypted(path)
            if streams.workbook is None:
                raise damaged(path, "no stream of a workbook")
            self._records = streams.read(streams.workbook)
            self._marks = self._measure_all()
        except _CUT as error:
            raise damaged(path, str(error)) from None

    def check_sheet(self, name: str) -> SheetMarks:
        """The marks of a sheet. All were measured at the start, for the parser lays them out together."""
        # A name in the letters of an older Excel is not found; its error values are blank then.
        return self._marks.get(name, SheetMarks())

    def _measure_all(self) -> dict[str, SheetMarks]:
        """Measure the areas and texts of all sheets, and find their error values, which the parser leaves blank."""
        found: dict[str, SheetMarks] = {}
        lengths: list[int] = []
        room = MAX_SHEET_BYTES
        for name, start in self._globals():
            marks = SheetMarks()
            texts = self._measure(marks, start)
            area = marks.rows * marks.columns * CELL_BYTES
            if sum(texts.values()) * self._text_bytes > room - area:
                lengths = lengths or list(self._text_lengths())
                marks.text_bytes = sum(lengths[index] * times for index, times in texts.items())
            room -= area + marks.text_bytes
            if marks.is_too_large or room < 0:
                raise too_large_sheet(self._path, name, marks)
            found[name] = marks
        return found

    def _globals(self) -> list[tuple[str, int]]:
        """The name of each sheet and where its records begin."""
        sheets = []
        self._texts_at, self._text_bytes = 0, 0
        is_unicode = struct.unpack_from("<H", self._records, 4)[0] >= 0x600
        last = 0
        for at, kind, data in self._walk(0):
            if kind == _FILEPASS:
                raise encrypted(self._path)
            if kind == _BOUNDSHEET:
                start, _, count, flags = struct.unpack_from("<IHBB", data)
                if not is_unicode:
                    name = data[7 : 7 + count].decode("cp1252", "replace")
                elif flags & 1:
                    name = data[8 : 8 + 2 * count].decode("utf-16-le")
                else:
                    name = data[8 : 8 + count].decode("latin-1")
                sheets.append((name, start))
            elif kind == _SST:
                self._texts_at, self._text_bytes = at, len(data)
            elif kind == _CONTINUE and last == _SST:
                self._text_bytes += len(data)
                continue
            last = kind
        return sheets

    def _measure(self, marks: SheetMarks, start: int) -> Counter[int]:
        """Fill the marks of a sheet; returns how often each shared text stands in it."""
        texts: Counter[int] = Counter()
        merged: list[tuple[int, int, int, int]] = []
        for _, kind, data in self._walk(start):
            if kind in _VALUES:
                row, column = struct.unpack_from("<HH", data)
                marks.take(row, struct.unpack_from("<H", data, len(data) - 2)[0] if kind == _MULRK else column)
                code = None
                if kind == _LABELSST:
                    texts[struct.unpack_from("<I", data, 6)[0]] += 1
                elif kind == _BOOLERR and data[7]:
                    code = data[6]
                elif kind == _FORMULA and data[12:14] == b"\xff\xff" and data[6] == 2:
                    code = data[8]
                if code is not None:
                    marks.errors.setdefault(row, []).append((column, _ERRORS.get(code, "#N/A")))
            elif kind == _MERGED:
                for at in range(2, 2 + 8 * struct.unpack_from("<H", data)[0], 8):
                    first, last, left, right = struct.unpack_from("<HHHH", data, at)
                    merged.append((first, left, last, right))
        marks.merged = merged
        return texts

    def _walk(self, at: int) -> Iterator[tuple[int, int, bytes]]:
        """The records from a place up to the end of their stream: place, kind and data."""
        records = self._records
        depth = 0
        while at + 4 <= len(records):
            kind, size = struct.unpack_from("<HH", records, at)
            if kind == _BOF:
                depth += 1
            elif kind == _EOF:
                depth -= 1
                if depth <= 0:
                    return
            yield at, kind, records[at + 4 : at + 4 + size]
            at += 4 + size
        raise ValueError("its records have no end")

    def _text_lengths(self) -> Iterator[int]:
        """The bytes of each shared text, all of its letters as wide as its widest."""
        parts: list[tuple[int, bytes]] = []
        for at, kind, data in self._walk(self._texts_at):
            if kind != (_SST if not parts else _CONTINUE):
                break
            parts.append((at, data))
        for places in text_places(parts):
            letters = sum((end - begin) // width for begin, end, width in places)
            yield letters * max((width for _, _, width in places), default=1)


def text_places(parts: Sequence[tuple[int, bytes]]) -> Iterator[list[tuple[int, int, int]]]:
    """Yield where the letters of each shared text stand in the stream: begin, end, and bytes of a letter.

    `parts` are the record of shared texts and those that go on with it: where each begins, and its data. A text may go on in
    the next, whose first byte says how it is written.
    """
    count = struct.unpack_from("<I", parts[0][1], 4)[0]
    part, at = 0, 8
    for _ in range(count):
        if at >= len(parts[part][1]):
            part, at = part + 1, 0
        letters, flags = struct.unpack_from("<HB", parts[part][1], at)
        at += 3
        more = 0
        if flags & 8:
            more += 4 * struct.unpack_from("<H", parts[part][1], at)[0]
            at += 2
        if flags & 4:
            more += struct.unpack_from("<I", parts[part][1], at)[0]
            at += 4
        width = 2 if flags & 1 else 1
        places = []
        while letters:
            here = min(letters, (len(parts[part][1]) - at) // width)
            begin = parts[part][0] + 4 + at
            places.append((begin, begin + here * width, width))
            letters, at = letters - here, at + here * width
            if letters:
                part += 1
                width, at = (2 if parts[part][1][0] & 1 else 1), 1
        yield places
        while more:
            here = min(more, len(parts[part][1]) - at)
            more, at = more - here, at + here
            if more:
                part, at = part + 1, 0


class CompoundFile:
    """The named streams of a compound file. Whatever is out of place raises one of _CUT."""

    def __init__(self, content: bytes) -> None:
        shift, mini_shift = struct.unpack_from("<HH", content, 30)
        if shift not in (9, 12) or mini_shift != 6:
            raise ValueError("sectors of an unknown size")
        self._content, self._size = content, 1 << shift
        table_sectors, first_entry = struct.unpack_from("<I", content, 44)[0], struct.unpack_from("<I", content, 48)[0]
        first_mini, _, first_list, list_sectors = struct.unpack_from("<IIII", content, 60)
        places = list(struct.unpack_from("<109I", content, 76))
        for _ in range(min(list_sectors, len(content) // self._size)):
            *more, first_list = struct.unpack(f"<{self._size // 4}I", self._sector(first_list))
            places += more
        table = b"".join(self._sector(place) for place in places[:table_sectors])
        self._next = np.frombuffer(table, dtype="<u4")
        entries = self._chain(first_entry)
        self._entries: dict[str, tuple[int, int]] = {}
        root = 0, 0
        for at in range(0, len(entries) - _ENTRY + 1, _ENTRY):
            length, kind = struct.unpack_from("<HB", entries, at + 64)
            start, size = struct.unpack_from("<II", entries, at + 116)
            name = entries[at : at + max(min(length, 64) - 2, 0)].decode("utf-16-le")
            if kind == 5:
                root = start, size
            elif kind == 2:
                self._entries.setdefault(name, (start, size))
        self._mini = self._chain(root[0]) if root[1] else b""
        self._next_mini = (
            np.frombuffer(self._chain(first_mini), dtype="<u4") if first_mini < _END_OF_CHAIN else self._next[:0]
        )

    @property
    def names(self) -> frozenset[str]:
        return frozenset(self._entries)

    @property
    def workbook(self) -> str | None:
        """The name of the stream with the records of a workbook."""
        return next((name for name in ("Workbook", "Book") if name in self.names), None)

    def read(self, name: str) -> bytes:
        """Return the bytes of a stream; short ones share the sectors of one long one."""
        start, size = self._entries[name]
        if size >= struct.unpack_from("<I", self._content, 56)[0]:
            return self._chain(start)[:size]
        pieces = [self._mini[place * 64 : place * 64 + 64] for place in _places(start, self._next_mini)]
        return b"".join(pieces)[:size]

    def rewritten(self, name: str, data: bytes) -> bytes:
        """Return the file with a stream's bytes replaced by as many others. Raises ValueError for one that shares sectors."""
        start, size = self._entries[name]
        if len(data) != size or size < struct.unpack_from("<I", self._content, 56)[0]:
            raise ValueError("a stream of another length, or a short one")
        content = bytearray(self._content)
        for number, place in enumerate(_places(start, self._next)):
            piece = data[number * self._size : (number + 1) * self._size]
            at = (place + 1) * self._size
            content[at : at + len(piece)] = piece
        return bytes(content)

    def _chain(self, start: int) -> bytes:
        return b"".join(self._sector(place) for place in _places(start, self._next))

    def _sector(self, place: int) -> bytes:
        at = (place + 1) * self._size
        if place >= _END_OF_CHAIN or at >= len(self._content):
            raise ValueError("a sector beyond the end")
        return self._content[at : at + self._size]


def _places(start: int, following: npt.NDArray[np.uint32]) -> Iterator[int]:
    """The sectors of a chain; one that comes back to itself raises ValueError."""
    place = start
    for _ in range(len(following) + 1):
        if place == _END_OF_CHAIN:
            return
        yield place
        place = int(following[place])
    raise ValueError("sectors in a circle")
