"""What an exchange package is: the rows of an office's contracts without identifiers, with counts and sums to check them by.

A package is a folder, or a ZIP archive of its files, that holds exchange.json. Writing one stands in write.py, taking one
in in take_in.py.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import pyarrow as pa

from quality.contract import Bilingual, Contract, Strict, warehouse_schema

FORMAT = 1
MANIFEST_FILE = "exchange.json"
INPUT_FILE, RULE_FILE, CHANGE_FILE = "input.parquet", "input_rule.parquet", "input_change.parquet"
COUNT_FILE = "counts.csv"
COUNT_SCHEMA = pa.schema(
    [
        ("dataset", pa.string()),
        ("unit_code", pa.string()),
        ("month", pa.string()),
        ("node_code", pa.string()),
        ("n_rows", pa.int64()),
    ]
)


class PackedFile(Strict):
    """One file of a package; `version` is that of its dataset's contract."""

    file: str
    sha256: str
    rows: int
    version: int = 1


class Manifest(Strict):
    """What exchange.json says. `units` are those that rows are about, `roots` those the office reports on."""

    format: int
    roots: tuple[str, ...]
    title: Bilingual
    simulated: bool
    revision: str
    software: str
    first_on: dt.date | None
    last_on: dt.date | None
    units: tuple[str, ...]
    datasets: Mapping[str, PackedFile]
    reference: Mapping[str, PackedFile]
    inputs: PackedFile
    rules: PackedFile
    changes: PackedFile
    counts: PackedFile

    @property
    def files(self) -> list[PackedFile]:
        return [*self.datasets.values(), *self.reference.values(), self.inputs, self.rules, self.changes, self.counts]

    @property
    def scope_id(self) -> str:
        """What a newer package of the same office replaces."""
        return "+".join(sorted(self.roots))


def packed_columns(contract: Contract) -> list[pa.Field]:
    """Return the columns of a dataset's landed rows that leave the office: those that the warehouse is given, without the
    hash of a row's cells, which a guess could be held against."""
    return [column for column in warehouse_schema(contract) if column.name != "content_hash"]
