"""What the rest of the project needs from a warehouse engine. The two engines and the dbt run stand beside this file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Protocol, TypeAlias

import pyarrow as pa

EngineKind = Literal["duckdb", "postgres"]

# A landed table: in memory, or the Parquet files that hold it (none for an empty table).
Landed: TypeAlias = "pa.Table | Sequence[Path]"

LANDING_SCHEMA = "landing"


class Warehouse(Protocol):
    """One workspace's warehouse; one writer at a time. `folder` holds what is rebuilt on every run."""

    @property
    def kind(self) -> EngineKind: ...

    @property
    def folder(self) -> Path: ...

    def start_afresh(self) -> None:
        """Forget what an earlier run, finished or killed, has left, as far as it could be in the way of a new one."""

    def load(self, tables: Mapping[str, Landed], schemas: Mapping[str, pa.Schema]) -> None:
        """Replace each ``landing.<table>`` named. Of a file, columns outside `schemas` are left out.

        A column that a file lacks, because it landed under an earlier version of its contract, is NULL.
        """

    def write(self, schema: str, table: str, data: pa.Table) -> None:
        """Replace ``<schema>.<table>`` by the rows of `data`."""

    def query(self, sql: str) -> pa.Table:
        """Return the rows of one SELECT. Timestamps are UTC without a zone."""

    def stream(self, sql: str) -> pa.RecordBatchReader:
        """Return the rows of one SELECT batch by batch, without holding them all; read it to its end or close it."""

    def profile(self) -> dict[str, Any]:
        """Return the dbt output that reaches this warehouse."""

    def close(self) -> None:
        """Release every connection. The next call of another method opens a new one."""


def quoted(name: str) -> str:
    """Return an SQL identifier in double quotes."""
    return '"' + name.replace('"', '""') + '"'


def sql_type(arrow: pa.DataType) -> str:
    """Return the SQL type, by a name that both engines know, of an Arrow type."""
    if pa.types.is_decimal(arrow):
        return f"numeric({arrow.precision}, {arrow.scale})"
    if pa.types.is_timestamp(arrow):
        return "timestamp"
    if pa.types.is_date(arrow):
        return "date"
    if pa.types.is_boolean(arrow):
        return "boolean"
    if pa.types.is_integer(arrow):
        return "bigint"
    if pa.types.is_floating(arrow):
        return "double precision"
    return "text"
