"""The shared warehouse: one PostgreSQL database. Landing is copied into tables, batch by batch."""

from __future__ import annotations

import io
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import psycopg2
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from assets.csv_blocks import CsvBlocks
from assets.warehouse.engine import LANDING_SCHEMA, EngineKind, Landed, quoted, sql_type

# Rows turned into CSV at a time; bounds the memory of a load.
BATCH_ROWS = 50_000

# PostgreSQL type OIDs (pg_type.dat) of the columns that our models and tables have.
ARROW_BY_OID = {
    16: pa.bool_(),
    20: pa.int64(),
    21: pa.int64(),
    23: pa.int64(),
    25: pa.string(),
    700: pa.float64(),
    701: pa.float64(),
    1043: pa.string(),
    1082: pa.date32(),
    1114: pa.timestamp("us"),
}
NUMERIC_OID = 1700

CONNECT_SECONDS = 4
# What PostgreSQL says of a failed connection that can hold no part of the URL.
HARMLESS_REASONS = re.compile(
    r"password authentication failed|no pg_hba.conf entry|database \S+ does not exist|role \S+ does not exist"
    r"|Connection refused|timeout expired|could not translate host name|too many clients|starting up|No route to host"
)


class NoConnection(Exception):
    """The database cannot be reached. The message holds no part of the URL, for that holds a password."""


def server_version(url: str) -> int:
    """Connect once and return the server's version as 160004 for 16.4. Raises NoConnection."""
    try:
        with closing(psycopg2.connect(for_libpq(url), connect_timeout=CONNECT_SECONDS)) as connection:
            number: int = connection.server_version
    except (psycopg2.Error, ValueError) as error:
        reason = HARMLESS_REASONS.search(str(error))
        # The driver's own words can hold the URL.
        raise NoConnection(reason.group(0) if reason else "no connection") from None
    return number


class PostgresWarehouse:
    """A database reached by URL (``postgresql://…``) and a local folder for what dbt writes."""

    kind: EngineKind = "postgres"

    def __init__(self, url: str, folder: Path) -> None:
        self.url = for_libpq(url)
        self.folder = folder
        self._connection: Any = None

    def start_afresh(self) -> None:
        # Every table is replaced in one transaction, and readers of the old one must not lose it before that.
        pass

    def load(self, tables: Mapping[str, Landed], schemas: Mapping[str, pa.Schema]) -> None:
        for name, landed in tables.items():
            schema = schemas[name]
            if isinstance(landed, pa.Table):
                batches: Iterable[pa.RecordBatch] = landed.select(schema.names).cast(schema).to_batches(BATCH_ROWS)
            else:
                batches = _file_batches(landed, schema)
            self._replace(LANDING_SCHEMA, name, schema, batches)

    def write(self, schema: str, table: str, data: pa.Table) -> None:
        self._replace(schema, table, data.schema, data.to_batches(BATCH_ROWS))

    def query(self, sql: str) -> pa.Table:
        return self.stream(sql).read_all()

    def stream(self, sql: str) -> pa.RecordBatchReader:
        """COPY the rows out as CSV, through a temporary file: psycopg2 would build a Python object per cell."""
        statement = sql.strip().rstrip(";")
        connection = self._open()
        # Closed, and with that removed, by the reader that is returned.
        file = tempfile.TemporaryFile()  # noqa: SIM115
        with connection, connection.cursor() as cursor:
            cursor.execute(f"SELECT * FROM ({statement}) AS shape LIMIT 0")
            schema = pa.schema([pa.field(column.name, _arrow_type(column)) for column in cursor.description])
            cursor.copy_expert(f"COPY ({statement}) TO STDOUT (FORMAT csv, HEADER false)", file)
        if file.tell() == 0:
            file.close()
            return schema.empty_table().to_reader()
        file.seek(0)
        return pa_csv.open_csv(
            pa.PythonFile(CsvBlocks(file), "r"),
            read_options=pa_csv.ReadOptions(column_names=schema.names),
            # A row of one column that is NULL is an empty line.
            parse_options=pa_csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
            convert_options=pa_csv.ConvertOptions(
                column_types=schema,
                null_values=[""],
                true_values=["t"],
                false_values=["f"],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
            ),
        )

    def profile(self) -> dict[str, Any]:
        parts = urlsplit(self.url)
        # A host in the query is the folder of a local socket, as libpq reads it.
        query_host = parse_qs(parts.query).get("host", [None])[0]
        return {
            "type": "postgres",
            "host": query_host or parts.hostname or "localhost",
            "port": parts.port or 5432,
            "user": unquote(parts.username or "postgres"),
            "password": unquote(parts.password or ""),
            "dbname": unquote(parts.path.lstrip("/")) or "postgres",
            "schema": "public",
            "threads": 2,
        }

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _open(self) -> Any:
        if self._connection is None:
            self._connection = psycopg2.connect(self.url)
            with self._connection, self._connection.cursor() as cursor:
                cursor.execute("SET TIME ZONE 'UTC'")
        return self._connection

    def _replace(self, schema: str, table: str, shape: pa.Schema, batches: Iterable[pa.RecordBatch]) -> None:
        target = f"{quoted(schema)}.{quoted(table)}"
        columns = ", ".join(f"{quoted(field.name)} {sql_type(field.type)}" for field in shape)
        names = ", ".join(quoted(field.name) for field in shape)
        connection = self._open()
        with connection, connection.cursor() as cursor:
            cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {quoted(schema)}")
            # Views of the last build read the old table; dbt makes them anew.
            cursor.execute(f"DROP TABLE IF EXISTS {target} CASCADE")
            cursor.execute(f"CREATE TABLE {target} ({columns})")
            for batch in batches:
                buffer = io.BytesIO()
                pa_csv.write_csv(batch, buffer, pa_csv.WriteOptions(include_header=False))
                buffer.seek(0)
                cursor.copy_expert(f"COPY {target} ({names}) FROM STDIN (FORMAT csv)", buffer)
            cursor.execute(f"ANALYZE {target}")


def for_libpq(url: str) -> str:
    """The URL without the driver that SQLAlchemy's form may name."""
    return url.replace("postgresql+psycopg2://", "postgresql://")


def _arrow_type(column: Any) -> pa.DataType:
    """Arrow type of a column of a cursor's description; a numeric that states no scale is a sum of integers."""
    if column.type_code == NUMERIC_OID:
        return pa.decimal128(column.precision or 38, column.scale or 0)
    return ARROW_BY_OID[column.type_code]


def _file_batches(paths: Sequence[Path], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """Yield the files' rows in batches of the schema's columns and types."""
    for path in paths:
        file = pq.ParquetFile(path)
        known = [name for name in schema.names if name in file.schema_arrow.names]
        for batch in file.iter_batches(BATCH_ROWS, columns=known):
            rows = pa.Table.from_batches([batch])
            for field in schema:
                if field.name not in known:
                    rows = rows.append_column(field, pa.nulls(batch.num_rows, field.type))
            yield from rows.select(schema.names).cast(schema).to_batches()
