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
        """Replace each ``landing.<table>`` named. Files have the columns of `schemas` (further ones are left out)."""

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
