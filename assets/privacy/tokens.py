"""Rows that hold a person, found by token: of Arrow tables of text, of JSON cells, of whole files. Nothing is changed here."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from assets.ingest.persons import tokens_in
from assets.ingest.readers.table import OWN_COLUMNS, RAW
from assets.keys import Keyring

# RE2: what holds none of these holds no number and no address (quality/personal.py, identifiers).
_POSSIBLE = r"@|\d(?:[ .\-()]{0,2}\d){7}"


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
