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
    """One reading of one input; rows_read = accepted + quarantined + duplicate at the time it was taken in."""

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


@dataclass(frozen=True)
class RuleCount:
    """How many rows of an input break one rule in one column."""

    input_id: str
    rule_id: str
    column_name: str
    severity: str
    n_rows: int


@dataclass(frozen=True)
class Part:
    """One Parquet file of the private zone: a dataset's landed rows, or quarantined rows (``quarantine/…``)."""

    path: str
    dataset: str
    batch_id: str
    contract_version: int
    rows: int


PeriodStatus = Literal["open", "submitted", "approved", "locked"]
PeriodAction = Literal["submit", "approve", "lock", "reopen", "accept"]


@dataclass(frozen=True)
class PeriodChange:
    """One decision about the reporting period of a unit.

    `revision` is the published one that was looked at, `decided_by` a role or an office, `decided_at` UTC. A lock holds
    `figures` (a folder below the workspace), made of deliveries up to `last_seq`; what was accepted gets them from the
    run that takes it in, and has none until then.
    """

    change_seq: int
    unit_code: str
    period_id: str
    action: PeriodAction
    status: PeriodStatus
    revision: str
    reason: str | None
    decided_by: str
    decided_at: dt.datetime
    figures: str | None = None
    last_seq: int | None = None


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
