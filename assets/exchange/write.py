"""Write `office/exchange/`: the package by which a higher office takes in what this one holds. Unsuppressed, for offices only."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.csv

from assets.exchange.package import (
    CHANGE_FILE,
    COUNT_FILE,
    FORMAT,
    INPUT_FILE,
    MANIFEST_FILE,
    RULE_FILE,
    Manifest,
    PackedFile,
    packed_columns,
)
from assets.ingest.engine import connect, fetch, set_keys
from assets.ingest.shape import literal, quote
from assets.landing.versions import files_of_now
from assets.ledger import INPUT_CHANGE_SCHEMA, INPUT_RULE_SCHEMA, INPUT_SCHEMA
from assets.office import SHIPPED_REFERENCE, Office
from assets.publish.context import PublishContext
from assets.publish.datapackage import sha256_of
from assets.publish.tables import open_parquet
from assets.reference.tables import reference_tables
from assets.warehouse.engine import LANDING_SCHEMA, Warehouse
from quality.contract import Bilingual, Contract, key_column, value_fields

# What units there are is for the receiver to know.
TERRITORY = frozenset({"admin_unit", "admin_unit_change", "unit_alias"})
_BATCH_ROWS = 122_880


def write_exchange(
    office: Office, warehouse: Warehouse, publication: PublishContext, revision: str, folder: Path
) -> None:
    """Write the package of the warehouse as it is built; the same inputs, settings and version give the same bytes.

    A record that counts stands with its values, a version of it that was superseded with its place alone, so that the
    receiver counts the same. Keys are hashed anew, with the office's key, for this purpose: they link rows of one package
    and the next, and nothing else.
    """
    folder.mkdir(parents=True)
    datasets: dict[str, PackedFile] = {}
    counts: list[str] = []
    units: set[str] = set()
    days: list[dt.date] = []
    records = {name: contract for name, contract in office.contracts.items() if contract.kind == "record"}
    with connect(warehouse.folder) as connection:
        set_keys(connection, office.keys)
        connection.execute("SET VARIABLE roots = ?", ["+".join(sorted(office.roots))]).fetchall()
        connection.register("input", warehouse.query("SELECT input_id, is_current FROM staging.stg_input"))
        for name, contract in records.items():
            now = warehouse.query(f"SELECT record_key, delivery_seq FROM staging.stg_{name}")
            connection.register("current_record", now)
            answers = [other for other in office.contracts.values() if other.parent == name]
            for packed in (contract, *answers):
                files = files_of_now(office.workspace.root, office.parts_of(packed.dataset), packed, warehouse.folder)
                if not files:
                    continue
                select = _rows(files, packed, now_only=packed is not contract)
                datasets[packed.dataset] = _write(connection, select, folder, packed.dataset, packed.version)
            if name in datasets:
                packed_rows = f"read_parquet({literal((folder / datasets[name].file).as_posix())})"
                counts.append(record_counts(contract, packed_rows))
                for other in (other.dataset for other in answers if other.dataset in datasets):
                    answer_rows = f"read_parquet({literal((folder / datasets[other].file).as_posix())})"
                    counts.append(answer_counts(contract, packed_rows, office.contracts[other], answer_rows))
                units |= {
                    code
                    for (code,) in connection.execute(f"SELECT DISTINCT unit_code FROM {packed_rows}").fetchall()
                    if code is not None
                }
                if contract.business_date is not None:
                    day = quote(contract.business_date)
                    [ends] = connection.execute(f"SELECT min({day}), max({day}) FROM {packed_rows}").fetchall()
                    days += [end for end in ends if end is not None]
        connection.register("known_input", warehouse.query(f"SELECT * FROM {LANDING_SCHEMA}.input"))
        connection.register("known_rule", warehouse.query(f"SELECT * FROM {LANDING_SCHEMA}.input_rule"))
        connection.register("known_change", warehouse.query(f"SELECT * FROM {LANDING_SCHEMA}.input_change"))
        inputs = _write(connection, _inputs(), folder, Path(INPUT_FILE).stem, 1)
        rules = _write(connection, _of_inputs("known_rule", INPUT_RULE_SCHEMA), folder, Path(RULE_FILE).stem, 1)
        changes = _write(connection, _of_inputs("known_change", INPUT_CHANGE_SCHEMA), folder, Path(CHANGE_FILE).stem, 1)
        counted = count_table(connection, counts)
    pyarrow.csv.write_csv(counted, folder / COUNT_FILE)
    manifest = Manifest(
        format=FORMAT,
        roots=office.roots,
        title=Bilingual(vi=publication.title_vi, en=publication.title_en),
        simulated=publication.simulated,
        revision=revision,
        software=publication.version,
        first_on=min(days, default=None),
        last_on=max(days, default=None),
        units=tuple(sorted(units)),
        datasets=datasets,
        reference=_write_reference(office, folder),
        inputs=inputs,
        rules=rules,
        changes=changes,
        counts=PackedFile(file=COUNT_FILE, sha256=sha256_of(folder / COUNT_FILE), rows=counted.num_rows),
    )
    content = json.dumps(manifest.model_dump(mode="json"), ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    (folder / MANIFEST_FILE).write_text(content, encoding="utf-8")


def hashed(value: str) -> str:
    """Return the SQL of a key as it leaves the office: hashed for this purpose and office, as engine.py defines it."""
    return f"record_hash('exchange' || chr(31) || getvariable('roots') || chr(31) || {value})"


def record_counts(contract: Contract, rows: str) -> str:
    """Return the SELECT of how many current records there are per unit and calendar month of their date."""
    month = "NULL" if contract.business_date is None else f"strftime({quote(contract.business_date)}, '%Y-%m')"
    return (
        f"SELECT {literal(contract.dataset)} AS dataset, unit_code, CAST({month} AS VARCHAR) AS month, "
        f"CAST(NULL AS VARCHAR) AS node_code, count(*) AS n_rows FROM {rows} WHERE {_is_now(contract)} GROUP BY ALL"
    )


def answer_counts(contract: Contract, rows: str, answers: Contract, answer_rows: str) -> str:
    """Return the SELECT of how many answers there are per unit, month and item."""
    month = "NULL" if contract.business_date is None else f"strftime(r.{quote(contract.business_date)}, '%Y-%m')"
    return (
        f"SELECT {literal(answers.dataset)} AS dataset, r.unit_code, CAST({month} AS VARCHAR) AS month, a.item_code AS "
        f"node_code, count(*) AS n_rows FROM {answer_rows} AS a INNER JOIN {rows} AS r "
        "ON r.record_key = a.record_key AND r.delivery_seq = a.delivery_seq GROUP BY ALL"
    )


def count_table(connection: duckdb.DuckDBPyConnection, counts: Sequence[str]) -> pa.Table:
    """Return the counts in a total order; columns as in COUNT_SCHEMA."""
    empty = "SELECT NULL AS dataset, NULL AS unit_code, NULL AS month, NULL AS node_code, 0 AS n_rows WHERE FALSE"
    union = " UNION ALL ".join(f"({select})" for select in [*counts, empty])
    columns = "CAST(dataset AS VARCHAR) AS dataset, unit_code, month, node_code, CAST(n_rows AS BIGINT) AS n_rows"
    return fetch(connection, f"SELECT {columns} FROM ({union}) ORDER BY ALL")


def _is_now(contract: Contract) -> str:
    """SQL that is true for a record with its values: the superseded ones have none of the required ones."""
    required = [field.name for field in contract.fields if field.required and field.personal == "none"]
    return f"{quote(required[0])} IS NOT NULL" if required else "TRUE"


def _rows(files: Sequence[Path], contract: Contract, now_only: bool) -> str:
    listed = ", ".join(literal(file.as_posix()) for file in files)
    keys = {key_column(field.refers_to) for field in contract.fields if field.refers_to is not None}
    is_now = "now.delivery_seq = landed.delivery_seq"
    values = {column.name for column in value_fields(contract)}
    columns = []
    for column in packed_columns(contract):
        cell = f"landed.{quote(column.name)}"
        if column.name in ("record_key", "input_id", "sheet") or column.name in keys:
            cell = hashed(cell)
        if not now_only and column.name in values:
            cell = f"CASE WHEN {is_now} THEN {cell} END"
        columns.append(f"{cell} AS {quote(column.name)}")
    kept = is_now if now_only else f"{is_now} OR input.is_current = 0 OR landed.delivery_seq < now.delivery_seq"
    order = "record_key, delivery_seq" + (", item_code" if now_only else ", input_id, line")
    return (
        f"SELECT {', '.join(columns)} FROM read_parquet([{listed}], union_by_name = true) AS landed "
        "INNER JOIN input ON input.input_id = landed.input_id "
        f"LEFT JOIN current_record AS now ON now.record_key = landed.record_key WHERE {kept} ORDER BY {order}"
    )


def _inputs() -> str:
    """The inputs: what each brought and what became of its rows, without the names of files and what was said of them."""
    given = {
        "input_id": hashed("input_id"),
        "path": f"source || '/' || left({hashed('input_id')}, 8)",
        "scope_id": hashed("scope_id"),
        "reason": "CAST(NULL AS VARCHAR)",
    }
    columns = ", ".join(f"{given.get(name, quote(name))} AS {quote(name)}" for name in INPUT_SCHEMA.names)
    return f"SELECT {columns} FROM known_input ORDER BY delivery_seq, 1"


def _of_inputs(relation: str, schema: pa.Schema) -> str:
    """Counts per input, of a relation whose rows name one."""
    columns = ", ".join(
        f"{hashed('input_id') if name == 'input_id' else quote(name)} AS {quote(name)}" for name in schema.names
    )
    return f"SELECT {columns} FROM {relation} ORDER BY ALL"


def _write(connection: duckdb.DuckDBPyConnection, select: str, folder: Path, name: str, version: int) -> PackedFile:
    target = folder / f"{name}.parquet"
    reader = connection.sql(select).to_arrow_reader(_BATCH_ROWS)
    rows = 0
    with open_parquet(target, reader.schema) as writer:
        for batch in reader:
            writer.write_batch(batch)
            rows += batch.num_rows
    return PackedFile(file=target.name, sha256=sha256_of(target), rows=rows, version=version)


def _write_reference(office: Office, folder: Path) -> dict[str, PackedFile]:
    """The rows of reference tables that are this office's own: not shipped with the software, and not about territory."""
    shipped, _ = reference_tables(SHIPPED_REFERENCE, folder / "none", {}, office.contracts)
    written = {}
    for name, table in sorted(office.reference.items()):
        known = {repr(row) for row in shipped[name].to_pylist()}
        own = [row for row in table.to_pylist() if repr(row) not in known]
        if own and name not in TERRITORY:
            target = folder / f"reference_{name}.parquet"
            with open_parquet(target, table.schema) as writer:
                writer.write_table(pa.Table.from_pylist(own, schema=table.schema))
            written[name] = PackedFile(
                file=target.name, sha256=sha256_of(target), rows=len(own), version=office.contracts[name].version
            )
    return written
