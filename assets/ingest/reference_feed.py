"""Sources that feed reference tables: every row is shaped per feed, and each input's rows are landed as they are."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from assets.ingest.batch import InputOutcome, check_headings, delivery_seqs, tables_of
from assets.ingest.engine import connect, fetch
from assets.ingest.plan import PlannedInput
from assets.ingest.readers.table import InputRefused
from assets.ingest.shape import quote, reference_shape, refused_rows, with_clean_cells
from assets.landing.land import move_into_place, record_of, rule_counts_of
from assets.landing.ledger import InputRecord, Ledger, Part
from assets.workspace import Workspace
from quality.contract import Contract, landing_schema

QUARANTINE_COLUMNS = ["input_id", "source", "path", "sheet", "line", "rules", "raw"]


@dataclass
class ReferenceInput:
    """One input of reference tables, read and checked: its good rows by table, and its refused rows."""

    outcome: InputOutcome
    landed: dict[str, pa.Table] = field(default_factory=dict)
    refused: list[pa.Table] = field(default_factory=list)


def read_reference(
    items: Sequence[PlannedInput], first_seq: int, contracts: Mapping[str, Contract], work: Path
) -> list[ReferenceInput]:
    """Read the inputs; a row is accepted when every feed it goes into takes it, and quarantined otherwise."""
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    results = []
    with connect(work) as connection:
        for item, seq in zip(items, delivery_seqs(items, first_seq), strict=True):
            result = ReferenceInput(InputOutcome(item, seq))
            try:
                _read(connection, result, contracts)
            except InputRefused as refusal:
                result = ReferenceInput(InputOutcome(item, seq))
                result.outcome.refuse(refusal)
            results.append(result)
    return results


def _read(connection: duckdb.DuckDBPyConnection, result: ReferenceInput, contracts: Mapping[str, Contract]) -> None:
    outcome = result.outcome
    item = outcome.item
    raw: list[pa.Table] = []
    for table in tables_of(item):
        check_headings(item.spec, outcome, table)
        for batch in table.batches:
            rows = pa.Table.from_batches([batch])
            rows = rows.append_column("_seq", pa.array([outcome.delivery_seq] * batch.num_rows, pa.int64()))
            raw.append(rows.append_column("_sheet", pa.array([table.sheet or None] * batch.num_rows, pa.string())))
        outcome.rows_read += table.rows_read
        outcome.rows_skipped += table.rows_skipped
    if not raw:
        return
    chunk = with_clean_cells(pa.concat_tables(raw, promote_options="default"), item.spec.headings)
    connection.register("chunk", chunk)
    groups = {f"group_{name}": [value] for name, value in item.groups.items()}
    connection.register("inputs", pa.table({"_seq": [outcome.delivery_seq], "input_id": [item.input_id], **groups}))
    for feed in item.spec.feeds:
        contract = contracts[feed.dataset]
        shape = reference_shape(feed, contract, item.spec.time_zone)
        connection.execute(f"CREATE OR REPLACE TEMP TABLE shaped AS {shape.statement}").fetchall()
        refused = fetch(connection, refused_rows(shape, chunk.column_names))
        if refused.num_rows:
            result.refused.append(refused)
        for index, check in enumerate(shape.checks):
            [(number,)] = connection.execute(f"SELECT count(*) FROM shaped WHERE _c{index}").fetchall()
            if number:
                outcome.rules[(check.rule, check.column, check.severity)] += number
        columns = ", ".join(quote(name) for name in landing_schema(contract).names)
        found = fetch(connection, f"SELECT {columns} FROM shaped WHERE NOT ({shape.refusing}) ORDER BY _sheet, _line")
        found = found.cast(landing_schema(contract))
        if feed.dataset in result.landed:
            found = pa.concat_tables([result.landed[feed.dataset], found])
        result.landed[feed.dataset] = found
    lines = {
        (row["sheet"], row["line"]) for table in result.refused for row in table.select(["sheet", "line"]).to_pylist()
    }
    outcome.rows_quarantined = len(lines)
    outcome.rows_accepted = outcome.rows_read - len(lines)


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
    ledger.commit(records, rules, parts, retired)
    return records


def fed_tables(workspace: Workspace, ledger: Ledger, contracts: Mapping[str, Contract]) -> dict[str, pa.Table]:
    """Return what sources have fed into each reference table, the newest delivery first; only tables that a source feeds.

    Of a snapshot's deliveries only the last of each scope counts.
    """
    landed = [record for record in ledger.active() if record.status == "landed"]
    latest = {(record.source, record.scope_id): record.input_id for record in landed}
    live = [
        record
        for record in landed
        if record.delivery_kind != "snapshot" or latest[(record.source, record.scope_id)] == record.input_id
    ]
    tables: dict[str, list[pa.Table]] = {}
    paths = {part.path for part in ledger.parts()}
    for record in reversed(live):
        for dataset in record.datasets.split(","):
            path = f"landing/{dataset}/{record.input_id}.parquet"
            if contracts[dataset].kind == "reference" and path in paths:
                tables.setdefault(dataset, []).append(pq.read_table(workspace.root / path))
    return {dataset: pa.concat_tables(found) for dataset, found in tables.items()}
