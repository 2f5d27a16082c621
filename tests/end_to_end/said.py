"""What files say, unpacked where their format packs it: for tests that look for what must not be there."""

from __future__ import annotations

import sqlite3
import zipfile
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow.parquet as pq


def texts(path: Path) -> Iterator[str]:
    """Yield what a file says: its bytes as text, and the rows, parts or tables in it."""
    raw = path.read_bytes()
    yield raw.decode("utf-8", "replace")
    if path.suffix == ".parquet":
        yield str(pq.read_table(path).to_pylist())
        yield str(pq.read_schema(path).metadata)
    elif path.suffix == ".xlsx":
        with zipfile.ZipFile(path) as archive:
            yield from (archive.read(name).decode("utf-8", "replace") for name in archive.namelist())
    elif path.suffix == ".duckdb":
        with duckdb.connect(str(path), read_only=True) as database:
            names = database.execute("SELECT table_schema || '.' || table_name FROM information_schema.tables")
            for (name,) in names.fetchall():
                yield str(database.execute(f"SELECT * FROM {name}").fetchall())
    elif raw.startswith(b"SQLite format 3\0"):
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
            yield from database.iterdump()
        database.close()
