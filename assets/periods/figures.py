"""The figures that a lock holds fast: rows of published marts, one Parquet file per mart in the private zone.

Where they stand in for what the models make of newer data is said in dbt's macro hold_locked_figures.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from assets.ingest.shape import literal, quote
from assets.landing.land import move_into_place
from assets.ledger import ARRIVAL_STEP, InputRecord, Ledger
from assets.periods.state import PeriodState, figures_id, period_states
from assets.publish.marts import MART_SCHEMA, Mart, MartReader
from assets.workspace import Workspace

LOCKED = "locked_"
# The readings that held figures are made of, one a line, and the mart that names them.
INPUTS_FILE = "inputs.txt"
_INPUTS_OF = "data_quality"
# The number of a record holds within one revision only: a list of single records cannot be held over to the next.
RECORD_NUMBERS = frozenset({"case_id", "complaint_id", "evaluation_id", "response_id", "input_id"})

Pair = tuple[str, str]

INPUT_AT_LOCK_SCHEMA = pa.schema(
    [
        ("figures_id", pa.string()),
        ("input_id", pa.string()),
        ("source", pa.string()),
        ("delivery_kind", pa.string()),
        ("scope_id", pa.string()),
        ("delivery_seq", pa.int64()),
        ("standing_id", pa.string()),
    ]
)


class FiguresTooOld(Exception):
    """Locked figures lack a column that the marts have now and that must be filled."""


def lock_columns(mart: str, columns: Iterable[str]) -> Pair | None:
    """Return the columns that name whose figures a row holds and of which period; None for a mart that locks leave alone.

    A row of a group (ranks, borrowed strength) is a figure of the group, and a comparison one of its later edition.
    """
    names = set(columns)
    period = "period_id" if "period_id" in names else "edition_id"
    if not {"unit_valid_from", period} <= names or names & RECORD_NUMBERS or mart.startswith("period_"):
        return None
    return "group_code" if "group_code" in names else "unit_code", period


def hold_published(workspace: Workspace, revision: Path, pairs: Sequence[Pair]) -> str:
    """Copy the figures of the (unit, period) pairs out of a published revision; return their folder below the workspace."""
    database = revision / "analyst" / "sipas.duckdb"
    with duckdb.connect(str(database), read_only=True) as marts:
        columns: dict[str, list[str]] = {}
        for mart, column in marts.execute(
            "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = ? ORDER BY 1, ordinal_position",
            [MART_SCHEMA],
        ).fetchall():
            columns.setdefault(mart, []).append(column)
        keys = {mart: found for mart, names in columns.items() if (found := lock_columns(mart, names))}
        tables = {
            mart: marts.sql(f"SELECT * FROM {MART_SCHEMA}.{quote(mart)} WHERE {_is_of(found, pairs)}").to_arrow_table()
            for mart, found in keys.items()
        }
        inputs = [name for (name,) in marts.execute(f"SELECT input_id FROM {MART_SCHEMA}.{_INPUTS_OF}").fetchall()]
    return _keep(workspace, tables, inputs, f"{revision.name}|{sorted(pairs)}")


def hold_accepted(
    workspace: Workspace, ledger: Ledger, marts: Sequence[Mart], reader: MartReader, revision: str
) -> None:
    """Hold fast, as they will be published, the figures of the periods for which newer data were accepted."""
    waiting = [state.waiting for state in period_states(ledger.period_changes()).values() if state.waiting is not None]
    if not waiting:
        return
    pairs = [(change.unit_code, change.period_id) for change in waiting]
    tables, inputs = {}, []
    for mart in marts:
        if mart.name == _INPUTS_OF:
            inputs = [name for batch in reader.batches(mart) for name in batch.column("input_id").to_pylist()]
        if found := lock_columns(mart.name, mart.column_names):
            rows = pa.Table.from_batches(list(reader.batches(mart)), reader.schema(mart))
            with duckdb.connect() as connection:
                connection.register("mart_rows", rows)
                tables[mart.name] = connection.sql(
                    f"SELECT * FROM mart_rows WHERE {_is_of(found, pairs)}"
                ).to_arrow_table()
    folder = _keep(workspace, tables, inputs, f"{revision}|{sorted(pairs)}|{[change.change_seq for change in waiting]}")
    ledger.hold_figures([change.change_seq for change in waiting], folder, last_arrival(ledger.active()))


def last_arrival(records: Iterable[InputRecord]) -> int:
    """The last number that a reading of these inputs can have: read again, an input keeps the place of its arrival."""
    last = max((record.delivery_seq for record in records), default=0)
    return (last // ARRIVAL_STEP + 1) * ARRIVAL_STEP - 1


def held_tables(workspace: Workspace, ledger: Ledger, states: Iterable[PeriodState]) -> dict[str, pa.Table]:
    """Return the figures that stand now by the name they get in the landing schema, one table per mart ever held."""
    folders = dict.fromkeys(change.figures for change in ledger.period_changes() if change.figures is not None)
    by_folder: dict[str, list[Pair]] = {folder: [] for folder in folders}
    for state in states:
        if state.held is not None and state.held.figures is not None:
            by_folder[state.held.figures].append((state.unit_code, state.period_id))
    parts: dict[str, list[pa.Table]] = {}
    with duckdb.connect() as connection:
        for folder, pairs in by_folder.items():
            for file in sorted((workspace.root / folder).glob("*.parquet")):
                found = lock_columns(file.stem, pq.read_schema(file).names)
                assert found is not None
                rows = connection.sql(
                    f"SELECT * FROM read_parquet({literal(file.as_posix())}) WHERE {_is_of(found, pairs)}"
                )
                parts.setdefault(file.stem, []).append(rows.to_arrow_table())
    return {LOCKED + mart: pa.concat_tables(tables, promote_options="permissive") for mart, tables in parts.items()}


def inputs_at_lock(workspace: Workspace, ledger: Ledger, states: Iterable[PeriodState], inputs: pa.Table) -> pa.Table:
    """Return the landed readings that the figures which stand now are made of; `inputs` are those of now, packages' among them.

    One row per held figures and reading, retired ones among them: what was read again since stands with the reading that
    counts now. Figures held by an earlier version name no readings; theirs are those of the deliveries that had come.
    """
    readings = ledger.readings()
    now = {(one.source, one.path, one.scope_id, one.content_sha): one.input_id for one in readings if not one.retired}
    known = {
        one.input_id: {
            "input_id": one.input_id,
            "source": one.source,
            "delivery_kind": one.delivery_kind,
            "scope_id": one.scope_id,
            "delivery_seq": one.delivery_seq,
            "standing_id": now.get((one.source, one.path, one.scope_id, one.content_sha)),
        }
        for one in readings
        if one.status == "landed"
    }
    of_now = [row for row in inputs.to_pylist() if row["status"] == "landed"]
    names = INPUT_AT_LOCK_SCHEMA.names
    for row in of_now:
        known.setdefault(row["input_id"], {name: row.get(name) for name in names} | {"standing_id": row["input_id"]})
    rows: dict[str, list[dict[str, Any]]] = {}
    for held in (state.held for state in states if state.held is not None):
        name = figures_id(held.figures)
        if held.figures is None or name is None or name in rows:
            continue
        file = workspace.root / held.figures / INPUTS_FILE
        if file.is_file():
            ids = [one for one in file.read_text(encoding="utf-8").splitlines() if one in known]
        else:
            ids = [row["input_id"] for row in of_now if row["delivery_seq"] <= (held.last_seq or 0)]
        rows[name] = [known[one] | {"figures_id": name} for one in ids]
    return pa.Table.from_pylist([row for found in rows.values() for row in found], schema=INPUT_AT_LOCK_SCHEMA)


def must_have(tables: Mapping[str, pa.Table], manifest: Mapping[str, Any]) -> None:
    """Raise FiguresTooOld where held figures lack a column that today's mart must fill."""
    for node in manifest["nodes"].values():
        table = tables.get(LOCKED + node["name"])
        if table is None or not table.num_rows or node.get("schema") != MART_SCHEMA:
            continue
        required = [
            column["name"]
            for column in node["columns"].values()
            if any(constraint["type"] == "not_null" for constraint in column.get("constraints") or ())
        ]
        if lacking := [name for name in required if name not in table.column_names]:
            raise FiguresTooOld(
                f"marts.{node['name']} has {', '.join(lacking)} now, which figures locked under an earlier version lack: "
                "`sipas period accept` or `reopen` those periods, and nothing is published before"
            )


def sweep_figures(workspace: Workspace, ledger: Ledger) -> None:
    """Remove figures that no decision names: what was being written when a command was killed."""
    known = {change.figures for change in ledger.period_changes()}
    for folder in _home(workspace).glob("*"):
        if folder.relative_to(workspace.root).as_posix() not in known:
            shutil.rmtree(folder)


def _home(workspace: Workspace) -> Path:
    return workspace.state / "locked"


def _is_of(keys: Pair, pairs: Sequence[Pair]) -> str:
    """SQL that is true for rows of the pairs; what has no unit goes with the root whose unassigned records it holds."""
    unit, period = keys
    listed = ", ".join(f"({literal(code + tail)}, {literal(id_)})" for code, id_ in pairs for tail in ("", "~"))
    of_period = "" if period == "period_id" else " AND basis = 'period'"
    return f"({quote(unit)}, {quote(period)}) IN ({listed}){of_period}" if listed else "FALSE"


def _keep(workspace: Workspace, tables: Mapping[str, pa.Table], inputs: Iterable[str], told: str) -> str:
    """Write the tables, and the inputs they are made of, aside and rename each into a new folder; return it below the workspace."""
    name = hashlib.sha256(told.encode()).hexdigest()[:16]
    number = 1
    while (folder := _home(workspace) / f"{name}-{number}").exists():
        number += 1
    aside = workspace.state / ".locked"
    aside.mkdir(parents=True, exist_ok=True)
    for mart, rows in tables.items():
        pq.write_table(rows, aside / f"{mart}.parquet")
        move_into_place(aside / f"{mart}.parquet", folder / f"{mart}.parquet")
    (aside / INPUTS_FILE).write_text("".join(f"{name}\n" for name in sorted(inputs)), encoding="utf-8")
    move_into_place(aside / INPUTS_FILE, folder / INPUTS_FILE)
    return folder.relative_to(workspace.root).as_posix()
