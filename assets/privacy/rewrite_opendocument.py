"""OpenDocument spreadsheets (ODS) without some of their rows: the cells become blank, and all else stays byte by byte.

No library writes these files as they are, so the rows are exchanged in the text of the XML where the parser found them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import NamedTuple
from xml.parsers import expat
from xml.sax.saxutils import quoteattr

from assets.ingest.readers.archive import inflate, member_name, open_archive
from assets.ingest.readers.opendocument import CONTENT
from assets.privacy.rewrite_archive import replace_members

_TABLE, _ROW = "table:table", "table:table-row"
_CELLS = ("table:table-cell", "table:covered-table-cell")
_REPEATED = "table:number-rows-repeated"
# Attributes of a cell that hold what stands in it, or how that is calculated.
_VALUES = re.compile(r"office:|calcext:|table:formula$|table:number-matrix-")
# A picture of the first page as it was, and where the list of parts names it.
_PICTURE = "Thumbnails/thumbnail.png"
_MANIFEST = "META-INF/manifest.xml"
_PICTURE_LISTED = re.compile(rb'<manifest:file-entry\b[^>]*\bmanifest:full-path="Thumbnails/[^>]*/>')

Places = Mapping[str, Collection[int]]
Attributes = Mapping[str, str]


def blank_opendocument(file: Path, places: Places, target: Path) -> None:
    """Write an ODS file with the cells of the rows emptied: sheet (blank: every sheet) → rows from 1."""
    with open_archive(file) as archive:
        members = {member_name(member): member for member in archive.infolist()}
    content = target.with_name("content")
    content.write_bytes(_blanked(b"".join(inflate(file, members[CONTENT])), places))
    replaced: dict[str, Path | None] = {CONTENT: content}
    if _PICTURE in members:
        replaced[_PICTURE] = None
        if _MANIFEST in members:
            manifest = target.with_name("manifest")
            manifest.write_bytes(_PICTURE_LISTED.sub(b"", b"".join(inflate(file, members[_MANIFEST]))))
            replaced[_MANIFEST] = manifest
    try:
        replace_members(file, replaced, target)
    finally:
        for part in replaced.values():
            if part is not None:
                part.unlink()


class _Splice(NamedTuple):
    """What stands in the place of some bytes."""

    start: int
    end: int
    text: bytes


class _Rows:
    """Finds where the wanted rows stand in the bytes of a document, and what is to stand there instead."""

    def __init__(self, content: bytes, places: Places) -> None:
        self.splices: list[_Splice] = []
        self._content, self._places = content, places
        self._wanted: Collection[int] = ()
        self._row = 0
        self._start = self._inner = -1
        self._attributes: Attributes = {}
        self._cells: list[tuple[str, Attributes]] = []
        self._parser = expat.ParserCreate("utf-8")
        self._parser.StartElementHandler, self._parser.EndElementHandler = self._begin, self._end

    def find(self) -> list[_Splice]:
        self._parser.Parse(self._content, True)
        return self.splices

    def _begin(self, name: str, attributes: Attributes) -> None:
        at = self._parser.CurrentByteIndex
        if name == _TABLE:
            sheet = unicodedata.normalize("NFC", attributes.get("table:name", ""))
            self._wanted, self._row = self._places.get(sheet, self._places.get("", ())), 0
        elif name == _ROW:
            self._start, self._inner, self._attributes, self._cells = at, -1, attributes, []
        elif name in _CELLS:
            self._inner = at if not self._cells else self._inner
            self._cells.append((name, attributes))

    def _end(self, name: str) -> None:
        if name != _ROW:
            return
        times = int(self._attributes.get(_REPEATED, "1"))
        numbers = range(self._row + 1, self._row + times + 1)
        gone = [number for number in numbers if number in self._wanted] if self._cells else []
        if gone:
            end = self._parser.CurrentByteIndex
            inner = self._content[self._inner : end]
            written, before = [], numbers.start
            for number in gone:
                written += [self._copies(number - before, inner), self._copies(1, self._blank())]
                before = number + 1
            written.append(self._copies(numbers.stop - before, inner))
            self.splices.append(_Splice(self._start, self._content.index(b">", end) + 1, b"".join(written)))
        self._row += times

    def _copies(self, times: int, inner: bytes) -> bytes:
        """The row so often, as one element."""
        if not times:
            return b""
        others = {name: value for name, value in self._attributes.items() if name != _REPEATED}
        repeated = {_REPEATED: str(times)} if times > 1 else {}
        return _tag(_ROW, repeated | others).encode() + inner + f"</{_ROW}>".encode()

    def _blank(self) -> bytes:
        cells = ({name: value for name, value in one.items() if not _VALUES.match(name)} for _, one in self._cells)
        tags = zip((name for name, _ in self._cells), cells, strict=True)
        return "".join(f"{_tag(name, attributes)}</{name}>" for name, attributes in tags).encode()


def _tag(name: str, attributes: Attributes) -> str:
    return f"<{name}{''.join(f' {key}={quoteattr(value)}' for key, value in attributes.items())}>"


def _blanked(content: bytes, places: Places) -> bytes:
    pieces, at = [], 0
    for splice in _Rows(content, places).find():
        pieces += [content[at : splice.start], splice.text]
        at = splice.end
    return b"".join([*pieces, content[at:]])
