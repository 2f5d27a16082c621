"""What the ledger's rows are in Python, and the Arrow schemas in which the warehouse reads them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal

import pyarrow as pa

InputStatus = Literal["landed", "empty", "refused", "duplicate"]

# Between two arrivals there is room for readings made again, which keep their arrival's place in the order.
ARRIVAL_STEP = 1 << 20


@dataclass(frozen=True)
class InputRecord:
    """One reading of one input; rows_read = accepted + quarantined + duplicate + forgotten."""

    input_id: str
    source: str
    office_code: str
    path: str
    content_sha: str
    reading_hash: str
    reference_hash: str
    delivery_kind: str
    scope_id: str | None
    delivery_seq: int
    unit_code: str | None
    period_id: str | None
    sent_on: dt.date
    datasets: str
    status: InputStatus
    rows_read: int
    rows_accepted: int
    rows_quarantined: int
    rows_duplicate: int
    rows_skipped: int
    reason: str | None
    batch_id: str
    retired: bool = False
    rows_forgotten: int = 0


@dataclass(frozen=True)
class RuleCount:
    """How many rows of an input break one rule in one column."""

    input_id: str
    rule_id: str
    column_name: str
    severity: str
    n_rows: int


@dataclass(frozen=True)
class WatermarkRecord:
    """How far one reading of a database source went: from `low` (None: all rows) to `high`, as text of the `kind`.

    `known_rows` is the file of what is known of its rows, within the workspace; it stands alone when `is_whole`.
    """

    input_id: str
    column_name: str
    kind: str
    low: str | None
    high: str | None
    known_rows: str
    is_whole: bool


@dataclass(frozen=True)
class ChangeCount:
    """How many cells of an input were read as something else than stands in them, by one kind of change."""

    input_id: str
    change_kind: str
    n_cells: int


@dataclass(frozen=True)
class Part:
    """One Parquet file of the private zone: a dataset's landed rows, or quarantined rows (``quarantine/…``)."""

    path: str
    dataset: str
    batch_id: str
    contract_version: int
    rows: int


@dataclass(frozen=True)
class Tombstone:
    """What must not come in again: the token of a person, or the key of a record that was of one (`purpose` says which)."""

    token: str
    purpose: str
    key_id: str
    forgotten_on: dt.date


@dataclass(frozen=True)
class Removed:
    """Rows of one input that are kept no longer: how many had been accepted and quarantined, and the rules these broke.

    rules: ((rule, column), rows) of the quarantined ones.
    """

    input_id: str
    accepted: int
    quarantined: int
    rules: tuple[tuple[tuple[str, str], int], ...] = ()


@dataclass(frozen=True)
class Retained:
    """What retention took from one dataset: personal data older than `before`; the figures' columns stay."""

    dataset: str
    before: dt.date
    done_on: dt.date
    files_removed: int
    rows_blanked: int
    rows_removed: int


INPUT_SCHEMA = pa.schema(
    [
        ("input_id", pa.string()),
        ("source", pa.string()),
        ("office_code", pa.string()),
        ("path", pa.string()),
        ("delivery_kind", pa.string()),
        ("scope_id", pa.string()),
        ("delivery_seq", pa.int64()),
        ("unit_code", pa.string()),
        ("period_id", pa.string()),
        ("sent_on", pa.date32()),
        ("datasets", pa.string()),
        ("status", pa.string()),
        ("rows_read", pa.int64()),
        ("rows_accepted", pa.int64()),
        ("rows_quarantined", pa.int64()),
        ("rows_duplicate", pa.int64()),
        ("rows_skipped", pa.int64()),
        ("rows_forgotten", pa.int64()),
        ("reason", pa.string()),
    ]
)
INPUT_RULE_SCHEMA = pa.schema(
    [
        ("input_id", pa.string()),
        ("rule_id", pa.string()),
        ("severity", pa.string()),
        ("column_name", pa.string()),
        ("n_rows", pa.int64()),
    ]
)
REMOVED_RECORD_SCHEMA = pa.schema([("input_id", pa.string()), ("record_key", pa.string())])
INPUT_CHANGE_SCHEMA = pa.schema([("input_id", pa.string()), ("change_kind", pa.string()), ("n_cells", pa.int64())])
