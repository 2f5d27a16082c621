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


@dataclass(frozen=True)
class ReturnFile:
    """What went back to a sender: refused rows of one delivery (`rows` of them), or with 0 rows the notice of a file refused whole."""

    return_id: str
    source: str
    path: str
    scope_id: str | None
    content_sha: str
    input_id: str
    file: str
    rows: int
    returned_on: dt.date


@dataclass(frozen=True)
class ReturnRow:
    """One row of a return and where it stood; rows of one `conflict_no` conflict with each other."""

    return_id: str
    row_no: int
    sheet: str | None
    line: int
    conflict_no: int | None


@dataclass(frozen=True)
class Answer:
    """An input that answers a return, and the rows of the return that it brings back (none when it was refused)."""

    input_id: str
    return_id: str
    rows: tuple[int, ...]


@dataclass(frozen=True)
class AnsweredRow:
    """A refused row of an input that counts, and the input that brought it back corrected."""

    input_id: str
    sheet: str | None
    line: int
    answer_id: str


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
