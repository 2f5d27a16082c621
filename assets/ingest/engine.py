"""The engine that shapes and settles rows: an in-memory DuckDB with bounded memory. What it is asked stands elsewhere."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa

MEMORY_LIMIT = "1GB"


def connect(work: Path) -> duckdb.DuckDBPyConnection:
    """Open an in-memory engine that spills into `work` and never loads an extension from outside."""
    connection = duckdb.connect(
        config={
            "memory_limit": MEMORY_LIMIT,
            "temp_directory": (work / "spill").as_posix(),
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
    )
    connection.execute("SET TimeZone = 'UTC'").fetchall()
    return connection


def session(connection: duckdb.DuckDBPyConnection, key: bytes) -> duckdb.DuckDBPyConnection:
    """Open another session of the same engine, for another thread; tables and registered data are its own."""
    opened = connection.cursor()
    opened.execute("SET TimeZone = 'UTC'").fetchall()
    set_key(opened, key)
    return opened


def set_key(connection: duckdb.DuckDBPyConnection, key: bytes) -> None:
    """Put the two padded HMAC keys (RFC 2104, SHA-256) into session variables."""
    padded = key.ljust(64, b"\0")
    connection.execute("SET VARIABLE key_inner = ?::BLOB", [bytes(byte ^ 0x36 for byte in padded)]).fetchall()
    connection.execute("SET VARIABLE key_outer = ?::BLOB", [bytes(byte ^ 0x5C for byte in padded)]).fetchall()


def fetch(connection: duckdb.DuckDBPyConnection, statement: str) -> pa.Table:
    """Run a query and return its rows."""
    return connection.sql(statement).to_arrow_table()
