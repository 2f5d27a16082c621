"""The engine that shapes and settles rows: an in-memory DuckDB with bounded memory. What it is asked stands elsewhere."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa

from assets.keys import DIGITS, PURPOSES, Keyring

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


def session(connection: duckdb.DuckDBPyConnection, keys: Keyring) -> duckdb.DuckDBPyConnection:
    """Open another session of the same engine, for another thread; tables and registered data are its own."""
    opened = connection.cursor()
    opened.execute("SET TimeZone = 'UTC'").fetchall()
    set_keys(opened, keys)
    return opened


def set_keys(connection: duckdb.DuckDBPyConnection, keys: Keyring) -> None:
    """Define the keyed hashes of this session: ``record_hash(text)`` and ``person_hash(text)``, and what they are made of.

    HMAC-SHA-256 (RFC 2104) under each key of the purpose in turn, cut to 128 bits. The padded keys are session variables,
    so that no statement holds them.
    """
    for purpose in PURPOSES:
        number = len(keys.layers(purpose))
        for index, layer in enumerate(keys.layers(purpose)):
            padded = layer.ljust(64, b"\0")
            for side, pad in (("inner", 0x36), ("outer", 0x5C)):
                value = [bytes(byte ^ pad for byte in padded)]
                connection.execute(f"SET VARIABLE {purpose}_{index}_{side} = ?::BLOB", value).fetchall()
        hashes = "message"
        for index in range(number):
            hashes = _layer(purpose, index, hashes)
        connection.execute(f"CREATE OR REPLACE TEMP MACRO {purpose}_hash(message) AS {hashes}").fetchall()


def _layer(purpose: str, index: int, message: str) -> str:
    inner = f"unhex(sha256(getvariable('{purpose}_{index}_inner') || encode({message})))"
    return f"left(sha256(getvariable('{purpose}_{index}_outer') || {inner}), {DIGITS})"


def rehash(purpose: str, keys: Keyring, known: int, message: str) -> str:
    """Return the SQL of a hash under the first `known` secrets, brought under the later ones too."""
    for index in range(known, len(keys.secrets)):
        message = _layer(purpose, index, message)
    return message


def fetch(connection: duckdb.DuckDBPyConnection, statement: str) -> pa.Table:
    """Run a query and return its rows."""
    return connection.sql(statement).to_arrow_table()
