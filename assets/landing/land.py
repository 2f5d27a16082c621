"""Commit a staged batch: rename its files into the private zone, then one ledger transaction makes them count."""

from __future__ import annotations

import datetime as dt
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from assets.checkpoint import checkpoint
from assets.ingest.outcome import InputOutcome, StagedBatch
from assets.ingest.plan import PlannedInput
from assets.ledger import (
    ARRIVAL_STEP,
    ChangeCount,
    InputRecord,
    InputStatus,
    Ledger,
    Part,
    RuleCount,
    WatermarkRecord,
)
from assets.workspace import Workspace
from quality.contract import Contract

# What is known of databases' rows; with the ledger, it says where the next read begins.
KNOWN_ROWS = "state/known_rows"


def move_into_place(source: Path, target: Path) -> None:
    """Make `source` durable and rename it to `target`; both lie on one file system."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with source.open("rb") as stream:
        os.fsync(stream.fileno())
    source.replace(target)


def commit_batch(
    workspace: Workspace,
    ledger: Ledger,
    batch: StagedBatch,
    contracts: dict[str, Contract],
    batch_id: str,
    today: dt.date,
    copies: Sequence[tuple[PlannedInput, str]],
    retired: Sequence[str],
    first_copy_seq: int,
) -> list[InputRecord]:
    """Land a staged batch and note the copies of files already known; return the readings that were recorded."""
    parts: list[Part] = []
    for dataset, file in sorted(batch.landed.items()):
        relative = f"landing/{dataset}/{batch_id}.parquet"
        rows = pq.read_metadata(file).num_rows
        move_into_place(file, workspace.root / relative)
        parts.append(Part(relative, dataset, batch_id, contracts[dataset].version, rows))
    if batch.quarantined is not None:
        relative = f"quarantine/{batch.dataset}/{batch_id}.parquet"
        rows = pq.read_metadata(batch.quarantined).num_rows
        move_into_place(batch.quarantined, workspace.root / relative)
        parts.append(Part(relative, f"quarantine/{batch.dataset}", batch_id, contracts[batch.dataset].version, rows))
    watermarks, removed = _progress(workspace, batch)
    checkpoint("landing.renamed")
    records = [record_of(outcome, batch_id, today) for outcome in batch.outcomes]
    counts = {record.input_id: record for record in [*ledger.active(), *records]}
    records += [
        _copy(item, counts[original], batch_id, first_copy_seq + index * ARRIVAL_STEP, today)
        for index, (item, original) in enumerate(copies)
    ]
    rules = [count for outcome in batch.outcomes for count in rule_counts_of(outcome)]
    changes = [count for outcome in batch.outcomes for count in change_counts_of(outcome)]
    ledger.commit(records, rules, parts, retired, changes, watermarks, removed)
    checkpoint("ledger.committed")
    return records


def _progress(workspace: Workspace, batch: StagedBatch) -> tuple[list[WatermarkRecord], dict[str, pa.Array]]:
    """Put what is known of databases' rows into place; return how far they were read, and which records were gone.

    A refused input says nothing: its rows are read again.
    """
    watermarks, removed = [], {}
    for outcome in batch.outcomes:
        item = outcome.item
        progress = item.extracted.progress if item.extracted is not None else None
        if progress is None or outcome.refusal is not None:
            continue
        relative = f"{KNOWN_ROWS}/{item.spec.name}/{item.input_id}.parquet"
        move_into_place(progress.known_rows, workspace.root / relative)
        watermarks.append(
            WatermarkRecord(
                item.input_id,
                progress.column,
                progress.kind,
                progress.low,
                progress.high,
                relative,
                progress.is_whole,
            )
        )
        if progress.removed is not None:
            removed[item.input_id] = pq.read_table(progress.removed)["record_key"].combine_chunks()
    return watermarks, removed


def sweep(workspace: Workspace, ledger: Ledger) -> None:
    """Remove what dead runs left: staged files, and files that no ledger row names."""
    shutil.rmtree(workspace.landing / ".staging", ignore_errors=True)
    known = {part.path for part in ledger.parts()}
    for folder in (workspace.landing, workspace.quarantine):
        for file in folder.glob("*/*.parquet"):
            if not file.parent.name.startswith(".") and file.relative_to(workspace.root).as_posix() not in known:
                file.unlink()
    needed = _needed_known_rows(ledger)
    for file in (workspace.root / KNOWN_ROWS).glob("*/*.parquet"):
        if file.relative_to(workspace.root).as_posix() not in needed:
            file.unlink()


def _needed_known_rows(ledger: Ledger) -> set[str]:
    """Return the files of known rows that may be read again: of each source and spec, those since all rows stood in one."""
    marks = ledger.watermarks()
    needed: dict[tuple[str, str], list[str]] = {}
    for record in ledger.active():
        if (mark := marks.get(record.input_id)) is not None:
            files = needed.setdefault((record.source, record.reading_hash), [])
            if mark.is_whole:
                files.clear()
            files.append(mark.known_rows)
    return {file for files in needed.values() for file in files}


def _status(outcome: InputOutcome) -> InputStatus:
    if outcome.refusal is not None:
        return "refused"
    return "landed" if outcome.rows_read or outcome.item.records_removed else "empty"


def _rows_unchanged(outcome: InputOutcome) -> int:
    """How many rows a database gave again that are known: they were read, and left out before anything was checked."""
    progress = outcome.item.extracted.progress if outcome.item.extracted is not None else None
    return progress.rows_unchanged if progress is not None and outcome.refusal is None else 0


def record_of(outcome: InputOutcome, batch_id: str, today: dt.date) -> InputRecord:
    """Return the ledger row of one input."""
    item = outcome.item
    return InputRecord(
        input_id=item.input_id,
        source=item.spec.name,
        office_code=item.office,
        path=item.path,
        content_sha=item.content_sha,
        reading_hash=item.reading_hash,
        reference_hash=item.reference_hash,
        delivery_kind=item.spec.delivery.kind,
        scope_id=item.scope_id,
        delivery_seq=outcome.delivery_seq,
        unit_code=outcome.unit_code,
        period_id=item.period_id,
        sent_on=item.sent_on(today),
        datasets=",".join(item.spec.datasets),
        status=_status(outcome),
        rows_read=outcome.rows_read + _rows_unchanged(outcome),
        rows_accepted=outcome.rows_accepted,
        rows_quarantined=outcome.rows_quarantined,
        rows_duplicate=outcome.rows_duplicate + _rows_unchanged(outcome),
        rows_skipped=outcome.rows_skipped,
        rows_forgotten=outcome.rows_forgotten,
        reason=outcome.refusal.render("vi") if outcome.refusal is not None else None,
        batch_id=batch_id,
    )


def rule_counts_of(outcome: InputOutcome) -> list[RuleCount]:
    """Return the ledger's rule rows of one input, in order of rule and column."""
    return [
        RuleCount(outcome.item.input_id, rule, column, severity, number)
        for (rule, column, severity), number in sorted(outcome.rules.items())
    ]


def change_counts_of(outcome: InputOutcome) -> list[ChangeCount]:
    """Return the ledger's rows of the cells of one input that were changed, in order of kind."""
    return [ChangeCount(outcome.item.input_id, kind, number) for kind, number in sorted(outcome.changes.items())]


def _copy(item: PlannedInput, original: InputRecord, batch_id: str, seq: int, today: dt.date) -> InputRecord:
    """A file with the bytes of one already taken in: every row is a duplicate."""
    return InputRecord(
        input_id=item.input_id,
        source=item.spec.name,
        office_code=item.office,
        path=item.path,
        content_sha=item.content_sha,
        reading_hash=item.reading_hash,
        reference_hash=item.reference_hash,
        delivery_kind=item.spec.delivery.kind,
        scope_id=item.scope_id,
        delivery_seq=seq,
        unit_code=original.unit_code,
        period_id=item.period_id,
        sent_on=item.sent_on(today),
        datasets=",".join(item.spec.datasets),
        status="duplicate",
        rows_read=original.rows_read,
        rows_accepted=0,
        rows_quarantined=0,
        rows_duplicate=original.rows_read,
        rows_skipped=original.rows_skipped,
        reason=None,
        batch_id=batch_id,
    )
