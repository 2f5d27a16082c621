"""The embedded warehouse: one DuckDB file. Landing stays in Parquet and is read through views."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from assets.warehouse.engine import LANDING_SCHEMA, EngineKind, Landed, quoted, sql_type

# Rows per batch of a streamed answer: one row group.
BATCH_ROWS = 122_880


class DuckDBWarehouse:
    """A DuckDB file and the folder beside it for spilled data; connections open on first use."""

    kind: EngineKind = "duckdb"

    def __init__(self, path: Path, memory_limit: str = "1GB", threads: int = 2) -> None:
        self.path = path
        self.folder = path.parent
        self.threads = threads
        self._settings: dict[str, str | int | float | list[str]] = {
            "memory_limit": memory_limit,
            "threads": threads,
            "temp_directory": str(self.folder / "spill"),
            "preserve_insertion_order": False,
            # Extensions are never fetched from the network.
            "autoinstall_known_extensions": False,
        }
        self._connection: duckdb.DuckDBPyConnection | None = None

    def start_afresh(self) -> None:
        self.close()
        for file in self.folder.glob(f"{self.path.name}*"):
            file.unlink()

    def load(self, tables: Mapping[str, Landed], schemas: Mapping[str, pa.Schema]) -> None:
        connection = self._open()
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {LANDING_SCHEMA}").fetchall()
        for name, landed in tables.items():
            if isinstance(landed, pa.Table):
                self.write(LANDING_SCHEMA, name, landed.select(schemas[name].names).cast(schemas[name]))
            elif not landed:
                self.write(LANDING_SCHEMA, name, schemas[name].empty_table())
            else:
                self._drop(LANDING_SCHEMA, name)
                rows = _rows_of_files(landed, schemas[name])
                connection.execute(f"CREATE VIEW {LANDING_SCHEMA}.{quoted(name)} AS {rows}").fetchall()

    def write(self, schema: str, table: str, data: pa.Table) -> None:
        connection = self._open()
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {quoted(schema)}").fetchall()
        self._drop(schema, table)
        connection.register("rows_to_write", data)
        try:
            connection.execute(
                f"CREATE TABLE {quoted(schema)}.{quoted(table)} AS SELECT * FROM rows_to_write"
            ).fetchall()
        finally:
            connection.unregister("rows_to_write")

    def query(self, sql: str) -> pa.Table:
        return self._open().sql(sql).to_arrow_table()

    def stream(self, sql: str) -> pa.RecordBatchReader:
        # A cursor of its own: the connection refuses other work while a result is open.
        return self._open().cursor().sql(sql).to_arrow_reader(BATCH_ROWS)

    def profile(self) -> dict[str, Any]:
        return {
            "type": "duckdb",
            "path": str(self.path),
            "schema": "main",
            # DuckDB runs one query on all cores; more dbt threads would only share the memory limit.
            "threads": 1,
            "config_options": self._settings,
        }

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _open(self) -> duckdb.DuckDBPyConnection:
        if self._connection is None:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._connection = duckdb.connect(str(self.path), config=self._settings)
        return self._connection

    def _drop(self, schema: str, table: str) -> None:
        """Drop a table or view of that name: DROP TABLE refuses a view, and DROP VIEW a table."""
        connection = self._open()
        kinds = connection.execute(
            "SELECT table_type FROM information_schema.tables"
            " WHERE table_catalog = current_database() AND table_schema = ? AND table_name = ?",
            [schema, table],
        ).fetchall()
        for (kind,) in kinds:
            connection.execute(
                f"DROP {'VIEW' if kind == 'VIEW' else 'TABLE'} {quoted(schema)}.{quoted(table)}"
            ).fetchall()


def _rows_of_files(files: Sequence[Path], schema: pa.Schema) -> str:
    """Return the SELECT of the files' rows: one part per set of columns that files have, what they lack as NULL."""
    alike: dict[frozenset[str], list[str]] = {}
    for file in files:
        known = frozenset(pq.read_schema(file).names).intersection(schema.names)
        alike.setdefault(known, []).append("'" + str(file.resolve()).replace("'", "''") + "'")
    parts = []
    for known, listed in alike.items():
        columns = ", ".join(
            quoted(field.name)
            if field.name in known
            else f"CAST(NULL AS {sql_type(field.type)}) AS {quoted(field.name)}"
            for field in schema
        )
        parts.append(f"SELECT {columns} FROM read_parquet([{', '.join(listed)}])")
    return " UNION ALL ".join(parts)
