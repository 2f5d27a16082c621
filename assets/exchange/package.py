"""What an exchange package is: the rows of an office's contracts without identifiers, with counts and sums to check them by.

A package is a folder, or a ZIP archive of its files, that holds exchange.json. Writing one stands in write.py, taking one
in in take_in.py.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import pyarrow as pa

from quality.contract import Bilingual, Contract, Strict, landing_schema

FORMAT = 1
MANIFEST_FILE = "exchange.json"
INPUT_FILE, RULE_FILE, COUNT_FILE = "input.parquet", "input_rule.parquet", "counts.csv"
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
    counts: PackedFile

    @property
    def files(self) -> list[PackedFile]:
        return [*self.datasets.values(), *self.reference.values(), self.inputs, self.rules, self.counts]

    @property
    def scope_id(self) -> str:
        """What a newer package of the same office replaces."""
        return "+".join(sorted(self.roots))


def packed_columns(contract: Contract) -> list[pa.Field]:
    """Return the columns of a dataset's landed rows that leave the office: no record number, no token, nothing outside the
    contract. What the source called a row's content is left out with them."""
    private = {field.name for field in contract.fields if field.personal != "none"} | {"extra", "content_hash"}
    return [
        column
        for column in landing_schema(contract)
        if column.name not in private and column.name.removesuffix("_token") not in private
    ]
