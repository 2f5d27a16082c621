"""What landed packages of other offices say now: of each office the newest one. Taking them in stands in take_in.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from assets.landing.versions import table_of_now
from assets.ledger import InputRecord, Ledger, Part
from quality.contract import Contract

# The name under which packages stand in the ledger; no spec can have it.
SOURCE = "inbox/exchange"
INPUTS, RULES, CHANGES = "exchange/input", "exchange/input_rule", "exchange/input_change"
REFERENCE = "exchange/"


def current_packages(active: Sequence[InputRecord]) -> dict[str, InputRecord]:
    """Return the package that counts of each office, by office: the last one landed."""
    return {record.scope_id or "": record for record in active if record.source == SOURCE and record.status == "landed"}


def standing_parts(parts: Sequence[Part], active: Sequence[InputRecord]) -> list[Part]:
    """Return the parts without those of packages that a newer one of their office has replaced."""
    now = {record.input_id for record in current_packages(active).values()}
    replaced = {record.input_id for record in active if record.source == SOURCE} - now
    return [part for part in parts if part.batch_id not in replaced]


def ledger_tables(root: Path, ledger: Ledger) -> dict[str, pa.Table]:
    """Return what the warehouse reads of the ledger: instead of a package, the inputs that its office had, with their counts."""
    active = ledger.active()
    own = ledger.tables()
    packages = {record.input_id for record in active if record.source == SOURCE}
    if not packages:
        return own
    kept = [row for row in own["input"].to_pylist() if row["input_id"] not in packages]
    tables = own | {"input": pa.Table.from_pylist(kept, schema=own["input"].schema)}
    for name, dataset in (("input", INPUTS), ("input_rule", RULES), ("input_change", CHANGES)):
        schema = tables[name].schema
        for part in standing_parts(ledger.parts(dataset), active):
            brought = pq.read_table(root / part.path)
            for field in schema:
                if field.name not in brought.column_names:
                    brought = brought.append_column(field, pa.nulls(brought.num_rows, field.type))
            tables[name] = pa.concat_tables([tables[name], brought.select(schema.names).cast(schema)])
    return tables


def exchanged_tables(root: Path, ledger: Ledger, contracts: Mapping[str, Contract]) -> dict[str, pa.Table]:
    """Return the rows of reference tables that the packages brought, each once, by table."""
    tables: dict[str, list[pa.Table]] = {}
    for part in standing_parts(ledger.parts(), ledger.active()):
        dataset = part.dataset.removeprefix(REFERENCE)
        if part.dataset.startswith(REFERENCE) and dataset in contracts:
            tables.setdefault(dataset, []).append(table_of_now(root, part, contracts[dataset]))
    merged = {}
    for dataset, found in tables.items():
        rows = {repr(row): row for table in found for row in table.to_pylist()}
        merged[dataset] = pa.Table.from_pylist(list(rows.values()), schema=found[0].schema)
    return merged
