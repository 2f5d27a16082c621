"""Rows that hold a person, found by token: of Arrow tables of text, of JSON cells, of whole files. Nothing is changed here."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from assets.ingest.persons import tokens_in
from assets.ingest.readers.table import OWN_COLUMNS, RAW
from assets.keys import Keyring

# RE2: what holds none of these holds no number and no address (quality/personal.py, identifiers).
_POSSIBLE = r"@|\d(?:[ .\-()]{0,2}\d){7}"
_POSSIBLE_TEXT = re.compile(_POSSIBLE)
# What stands between the marks of XML, or in one of them.
_PIECE = re.compile(r"[^<>]+")


@dataclass(frozen=True)
class Wanted:
    """The tokens of the people looked for, made with the keys by which text is compared with them."""

    tokens: frozenset[str]
    keys: Keyring

    def in_text(self, text: str) -> bool:
        """Return whether a number or address in the text is one of theirs."""
        return not self.tokens.isdisjoint(tokens_in(text, self.keys))

    def in_rows(self, rows: pa.RecordBatch | pa.Table) -> set[int]:
        """Return the indices of the rows of which a text column holds one of them."""
        found: set[int] = set()
        for name in rows.schema.names:
            if name in OWN_COLUMNS - {RAW} or rows.schema.field(name).type != pa.string():
                continue
            cells = rows.column(name)
            possible = pc.fill_null(pc.match_substring_regex(cells, _POSSIBLE), False)
            indices = pc.indices_nonzero(possible).to_pylist()
            found.update(index for index in indices if self.in_text(str(cells[index].as_py())))
        return found

    def in_file(self, file: Path) -> bool:
        """Return whether a text file or workbook holds one of them, be it on a sheet that is not read or in a comment."""
        return any(self.in_text(text) for text in _texts(file) if _POSSIBLE_TEXT.search(text))


def _texts(file: Path) -> Iterator[str]:
    """Yield the lines of a file, or the pieces of the XML in a workbook's package."""
    if not zipfile.is_zipfile(file):
        with file.open(encoding="utf-8", errors="replace") as text:
            yield from (line.replace("\0", "") for line in text)  # UTF-16 has one beside each digit
        return
    with zipfile.ZipFile(file) as package:
        for part in package.namelist():
            if part.endswith((".xml", ".rels", ".vml")):
                for piece in _PIECE.finditer(package.read(part).decode("utf-8", "replace")):
                    yield piece.group()
