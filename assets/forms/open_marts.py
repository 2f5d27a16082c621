"""The marts of a revision as everybody gets them: what forms for everybody are filled from, so that they add nothing to it."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa

from assets.forms.figures import Query
from assets.ingest.shape import literal, quote
from assets.publish.marts import MART_SCHEMA


def open_marts(revision: Path) -> Query:
    """A SELECT over `marts.<name>`, answered from the revision's `open/marts/<name>.parquet` after disclosure control."""
    connection = duckdb.connect()
    connection.execute(f"CREATE SCHEMA {MART_SCHEMA}")
    for file in sorted((revision / "open" / "marts").glob("*.parquet")):
        rows = f"SELECT * FROM read_parquet({literal(file.as_posix())})"
        connection.execute(f"CREATE VIEW {MART_SCHEMA}.{quote(file.stem)} AS {rows}")

    def query(sql: str) -> pa.Table:
        return connection.sql(sql).to_arrow_table()

    return query
