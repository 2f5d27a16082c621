"""What a workspace knows of a database source before it asks it again. extract.py uses it, landing keeps it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pyarrow as pa

from assets.ingest.readers.database import WatermarkKind
from assets.ledger import Ledger
from assets.workspace import Workspace

# Of each record that was gone from its source: its key, and the delivery that found it so.
NONE_REMOVED = pa.table({"record_key": pa.array([], pa.string()), "delivery_seq": pa.array([], pa.int64())})


@dataclass(frozen=True)
class History:
    """How far a source was read under its present spec, and what was landed from it.

    `high` is the largest watermark read, as text of its `kind`; None: all rows are to be read. `known` are the files of
    known rows, the one of all rows first; empty when nothing is known, or when what was refused is to be read again.
    `landed` are the dataset's files, `retired` the readings in them that no longer count, `removed` the records of the
    source that were gone (record_key, delivery_seq).
    """

    today: dt.date
    kind: WatermarkKind | None = None
    high: str | None = None
    known: tuple[Path, ...] = ()
    landed: tuple[Path, ...] = ()
    retired: frozenset[str] = frozenset()
    removed: pa.Table = field(default_factory=lambda: NONE_REMOVED)


def history_of(
    workspace: Workspace,
    ledger: Ledger,
    source: str,
    dataset: str,
    reading_hash: str,
    reference_hash: str,
    today: dt.date,
    reads_whole: bool,
) -> History:
    """Return what is known of a source. Nothing counts of readings under another spec or contract (`reading_hash`).

    All is read again, and nothing taken as known, when a reading since the last one of all rows had refused rows and the
    reference tables are others now (`reference_hash`): they may be good rows today.
    """
    landed = tuple(workspace.root / part.path for part in ledger.parts(dataset))
    unknown = History(today, landed=landed, retired=ledger.retired_ids(), removed=ledger.removed(source))
    marks = ledger.watermarks()
    readings = [
        (record, marks[record.input_id])
        for record in ledger.active()
        if record.source == source and record.reading_hash == reading_hash and record.input_id in marks
    ]
    if not readings:
        return unknown
    since_all = readings[max(at for at, (_, mark) in enumerate(readings) if at == 0 or mark.low is None) :]
    if any(record.rows_quarantined and record.reference_hash != reference_hash for record, _ in since_all):
        return unknown
    last_whole = max(at for at, (_, mark) in enumerate(readings) if at == 0 or mark.is_whole)
    known = tuple(workspace.root / mark.known_rows for _, mark in readings[last_whole:])
    if not all(file.is_file() for file in known):
        return unknown
    last = readings[-1][1]
    return History(
        today,
        cast(WatermarkKind, last.kind),
        None if reads_whole else last.high,
        known,
        landed,
        unknown.retired,
        unknown.removed,
    )
