"""The analysts' files: one DuckDB database of all marts, and the facts as Parquet by reporting month. Nothing is hidden here."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from assets.publish.marts import MART_SCHEMA, Column, Mart, MartReader, in_both_languages
from assets.publish.tables import open_parquet

# Enough for one batch and its compression; keeps a publication of millions of facts inside a small machine.
_MEMORY_LIMIT = "512MB"
# The oldest DuckDB that can open the file: the drivers of ODBC, Metabase and the like come later than DuckDB itself.
_READABLE_FROM = "v1.2.0"
_FACT_PREFIX = "fct_"
# Names a fact may give to its reporting month, in the order looked for, when its model's meta names none.
_MONTH_COLUMNS = ("month_id", "period_id")
_NO_MONTH = "no_month"
_ALL_MONTHS = "all"


def write_database(marts: Sequence[Mart], reader: MartReader, path: Path) -> None:
    """Write every mart, with its comments, into schema `marts` of a new DuckDB file, rows in the order of the grain."""
    settings: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": _MEMORY_LIMIT,
        "threads": 1,
        "storage_compatibility_version": _READABLE_FROM,
    }
    with duckdb.connect(str(path), config=settings) as database:
        database.execute(f"create schema {MART_SCHEMA}")
        for mart in marts:
            database.begin()  # one commit per mart: each costs a wait for the disk
            _load(database, mart, reader)
            database.commit()
        database.execute("checkpoint")


def _load(database: duckdb.DuckDBPyConnection, mart: Mart, reader: MartReader) -> None:
    table = f'{MART_SCHEMA}."{mart.name}"'
    database.register("incoming", reader.schema(mart).empty_table())
    database.execute(f"create table {table} as select * from incoming").fetchall()
    for batch in reader.batches(mart):
        database.register("incoming", pa.Table.from_batches([batch]))
        database.execute(f"insert into {table} select * from incoming").fetchall()
    database.unregister("incoming")
    comment = _comment(mart)
    database.execute(f"comment on table {table} is {comment}")
    for column in mart.columns:
        comment = _comment(column)
        database.execute(f'comment on column {table}."{column.name}" is {comment}')


def _comment(told: Mart | Column) -> str:
    text = in_both_languages(told.label_vi, told.description_vi, told.label_en, told.description)
    return "'" + text.replace("'", "''") + "'"


def write_facts(marts: Sequence[Mart], reader: MartReader, folder: Path) -> None:
    """Write `<folder>/<fact>/<month>.parquet` for every fact: one file per reporting month, `no_month.parquet` for rows
    without one, `all.parquet` for a fact that has no column of months."""
    for mart in marts:
        if mart.name.startswith(_FACT_PREFIX):
            target = folder / mart.name
            target.mkdir(parents=True)
            _write_months(mart, reader, target)


def _write_months(mart: Mart, reader: MartReader, folder: Path) -> None:
    month_column = mart.month_column or next((name for name in _MONTH_COLUMNS if name in mart.column_names), None)
    schema = reader.schema(mart)
    writer: pq.ParquetWriter | None = None
    open_month: str | None = None
    try:
        for batch in reader.batches(mart, first=month_column):
            for month, rows in _runs(batch, month_column):
                if writer is None or month != open_month:
                    if writer is not None:
                        writer.close()
                    open_month, writer = month, open_parquet(folder / f"{month}.parquet", schema)
                writer.write_batch(rows)
    finally:
        if writer is not None:
            writer.close()


def _runs(batch: pa.RecordBatch, month_column: str | None) -> list[tuple[str, pa.RecordBatch]]:
    """The batch cut where the month changes; rows come sorted by month."""
    if month_column is None:
        return [(_ALL_MONTHS, batch)]
    runs = pc.run_end_encode(pc.fill_null(batch.column(month_column).cast(pa.string()), _NO_MONTH))
    start = 0
    cut: list[tuple[str, pa.RecordBatch]] = []
    for month, end in zip(runs.values.to_pylist(), runs.run_ends.to_pylist(), strict=True):
        cut.append((month, batch.slice(start, end - start)))
        start = end
    return cut
