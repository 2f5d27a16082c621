"""Read sources that feed reference tables: a row is shaped once per feed. Committing stands in landing/reference.py."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pyarrow as pa

from assets.ingest.batch import delivery_seqs
from assets.ingest.clean_cells import with_clean_cells
from assets.ingest.engine import connect, fetch
from assets.ingest.opened import tables_of
from assets.ingest.outcome import InputOutcome
from assets.ingest.plan import PlannedInput
from assets.ingest.readers.table import InputRefused
from assets.ingest.shape import quote, reference_shape, refused_rows
from assets.ingest.source_reader import check_headings
from quality.contract import Contract, landing_schema


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
        outcome.count_changes(table.changes, item.spec.headings)
    if item.stamp is not None:
        item.stamp.require(item.file)
    if not raw:
        return
    chunk, changes = with_clean_cells(pa.concat_tables(raw, promote_options="default"), item.spec.headings)
    for (_, kind), number in changes.items():
        outcome.changes[kind] += number
    connection.register("chunk", chunk)
    groups = {f"group_{name}": [value] for name, value in item.groups.items()}
    connection.register("inputs", pa.table({"_seq": [outcome.delivery_seq], "input_id": [item.input_id], **groups}))
    for feed in item.spec.feeds:
        contract = contracts[feed.dataset]
        shape = reference_shape(feed, contract, item.spec.time_zone, item.spec.decimal_mark)
        connection.execute(f"CREATE OR REPLACE TEMP TABLE shaped AS {shape.statement}").fetchall()
        for kind, sql in shape.changes.items():
            [(number,)] = connection.execute(f"SELECT CAST(coalesce(sum({sql}), 0) AS BIGINT) FROM shaped").fetchall()
            if number:
                outcome.changes[kind] += number
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
