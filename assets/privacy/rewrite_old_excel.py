"""Excel 97-2003 files (XLS) without some of their rows: the cells become blank, and their texts that no other cell shows.

No library writes these files as they are. The records of the cells are exchanged, the offsets that then are others are set
anew or left out (two kinds of records that only speed up reading), and the file keeps its length. Layout: [MS-XLS] Excel
Binary File Format, published by Microsoft.
"""

from __future__ import annotations

import struct
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Set
from pathlib import Path
from typing import NamedTuple

from assets.ingest.readers.old_excel import CompoundFile, text_places

_BOF, _EOF, _BOUNDSHEET, _SST, _CONTINUE, _UNICODE = 0x809, 0x0A, 0x85, 0xFC, 0x3C, 0x600
_LABELSST, _MULRK, _FORMULA, _STRING = 0xFD, 0xBD, 0x06, 0x207
_CELLS = frozenset((_LABELSST, _MULRK, _FORMULA, 0x203, 0x204, 0x205, 0x27E, 0xD6))
_BLANK, _MULBLANK = 0x201, 0xBE
# Where rows begin in the file; readers find them without.
_OFFSETS = frozenset((0x20B, 0xD7))
# A formula over several cells, which stands behind the first of them.
_SHARED = frozenset((0x4BC, 0x221, 0x236))


class NotUnderstood(Exception):
    """A file that is laid out otherwise than this module knows; the message says how."""


class _Record(NamedTuple):
    """One record: where it begins in the stream, its kind and its data."""

    at: int
    kind: int
    data: bytes


def blank_old_excel(file: Path, places: Mapping[str, Collection[int]], target: Path) -> None:
    """Write an XLS file with the cells of the rows emptied: sheet (blank: every sheet) → rows from 1. Raises NotUnderstood."""
    try:
        compound = CompoundFile(file.read_bytes())
        name = str(compound.workbook)
        stream = compound.read(name)
        target.write_bytes(compound.rewritten(name, _blanked(stream, places)))
    except (struct.error, IndexError, ValueError, KeyError) as error:
        raise NotUnderstood(str(error)) from None


def _blanked(stream: bytes, places: Mapping[str, Collection[int]]) -> bytes:
    records = list(_records(stream))
    if records[0].kind != _BOF or struct.unpack_from("<H", records[0].data)[0] != _UNICODE:
        raise NotUnderstood("an Excel of before 1997")
    rows = {start: _rows(title, places) for start, title, _ in _sheets(records)}
    written, begins, texts_gone, texts_left = _write(records, rows)
    for start, _, at in _sheets(records):
        struct.pack_into("<I", written, at + 4, begins[start])
    _blank_texts(written, records, texts_gone, texts_left)
    return bytes(written.ljust(len(stream), b"\0"))


def _rows(title: str, places: Mapping[str, Collection[int]]) -> frozenset[int]:
    return frozenset(line - 1 for line in places.get(unicodedata.normalize("NFC", title), places.get("", ())))


def _records(stream: bytes) -> Iterator[_Record]:
    """All records up to the end of the last sheet; what follows is filling."""
    at = depth = 0
    while at + 4 <= len(stream) and (depth or struct.unpack_from("<H", stream, at)[0] == _BOF):
        kind, size = struct.unpack_from("<HH", stream, at)
        depth += (kind == _BOF) - (kind == _EOF)
        yield _Record(at, kind, stream[at + 4 : at + 4 + size])
        at += 4 + size
    if depth:
        raise NotUnderstood("records without end")


def _sheets(records: list[_Record]) -> Iterator[tuple[int, str, int]]:
    """Where each sheet begins, its name, and where that is said."""
    for record in records:
        if record.kind == _BOUNDSHEET:
            start, _, letters, flags = struct.unpack_from("<IHBB", record.data)
            text = record.data[8:]
            yield (
                start,
                (text[: 2 * letters].decode("utf-16-le") if flags & 1 else text[:letters].decode("latin-1")),
                record.at,
            )
        elif record.kind == _EOF:
            return


def _write(
    records: list[_Record], rows: Mapping[int, frozenset[int]]
) -> tuple[bytearray, dict[int, int], Counter[int], Set[int]]:
    """Return the stream anew, where each part begins in it, how many cells that went showed each shared text, and the texts of
    the others."""
    written, begins = bytearray(), {}
    gone: Counter[int] = Counter()
    left: set[int] = set()
    wanted: frozenset[int] = frozenset()
    depth = 0
    is_after_formula = False
    for at, kind, data in records:
        if kind == _BOF:
            depth += 1
            if depth == 1:
                begins[at], wanted = len(written), rows.get(at, frozenset())
        elif kind == _EOF:
            depth -= 1
        is_cell = kind in _CELLS and depth == 1
        goes = is_cell and struct.unpack_from("<H", data)[0] in wanted
        if is_cell and kind == _LABELSST:
            (gone if goes else left).update(struct.unpack_from("<I", data, 6))
        if is_after_formula and kind in _SHARED:
            raise NotUnderstood("a formula over several cells begins in a row that goes")
        if kind in _OFFSETS or (is_after_formula and kind == _STRING):
            continue
        is_after_formula = goes and kind == _FORMULA
        if goes:
            kind, data = (_MULBLANK, _formats(data)) if kind == _MULRK else (_BLANK, data[:6])
        written += struct.pack("<HH", kind, len(data)) + data
    return written, begins, gone, left


def _formats(numbers: bytes) -> bytes:
    """Row, first column, the format of each cell without its number, and the last column."""
    cells = numbers[4:-2]
    return numbers[:4] + b"".join(cells[at : at + 2] for at in range(0, len(cells), 6)) + numbers[-2:]


def _blank_texts(written: bytearray, records: list[_Record], gone: Counter[int], left: Set[int]) -> None:
    """Overwrite the shared texts that no cell shows any more, and count the cells that show one anew."""
    first = next((index for index, record in enumerate(records) if record.kind == _SST), None)
    if first is None or not gone:
        return
    last = first + 1
    while records[last].kind == _CONTINUE:
        last += 1
    parts = [(record.at, record.data) for record in records[first:last]]
    shown = struct.unpack_from("<I", parts[0][1])[0]
    struct.pack_into("<I", written, parts[0][0] + 4, max(shown - gone.total(), 0))
    for number, places in enumerate(text_places(parts)):
        if number in gone.keys() - left:
            for begin, end, width in places:
                written[begin:end] = (b" " if width == 1 else b" \0") * ((end - begin) // width)
