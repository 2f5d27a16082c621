"""Commit inputs of reference tables: their good rows land per table, their refused rows go to the quarantine."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from assets.ingest.reference_feed import ReferenceInput
from assets.landing.land import change_counts_of, move_into_place, record_of, rule_counts_of
from assets.ledger import InputRecord, Ledger, Part
from assets.workspace import Workspace
from quality.contract import Contract

QUARANTINE_COLUMNS = ["input_id", "source", "path", "sheet", "line", "rules", "raw"]


def commit_reference(
    workspace: Workspace,
    ledger: Ledger,
    inputs: Sequence[ReferenceInput],
    contracts: Mapping[str, Contract],
    batch_id: str,
    today: dt.date,
    retired: Sequence[str],
    work: Path,
) -> list[InputRecord]:
    """Land the inputs, one Parquet file per input and table, and record them."""
    parts: list[Part] = []
    for result in inputs:
        item = result.outcome.item
        tables = {f"landing/{dataset}": table for dataset, table in result.landed.items()}
        if result.refused:
            refused = pa.concat_tables(result.refused)
            for name, value in (("source", item.spec.name), ("path", item.path)):
                refused = refused.append_column(name, pa.array([value] * refused.num_rows, pa.string()))
            tables[f"quarantine/{item.spec.name}"] = refused.select(QUARANTINE_COLUMNS)
        for folder, table in tables.items():
            staged = work / f"{item.input_id}.parquet"
            pq.write_table(table, staged)
            relative = f"{folder}/{item.input_id}.parquet"
            move_into_place(staged, workspace.root / relative)
            dataset = folder.removeprefix("landing/")
            version = contracts[dataset].version if dataset in contracts else 1
            parts.append(Part(relative, dataset, batch_id, version, table.num_rows))
    records = [record_of(result.outcome, batch_id, today) for result in inputs]
    rules = [count for result in inputs for count in rule_counts_of(result.outcome)]
    changes = [count for result in inputs for count in change_counts_of(result.outcome)]
    ledger.commit(records, rules, parts, retired, changes)
    return records
