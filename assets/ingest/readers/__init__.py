"""Readers: one per kind of input, each giving Arrow batches of raw text. `open_input` picks the reader."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from assets.ingest.readers.columnar import read_parquet
from assets.ingest.readers.database import read_database
from assets.ingest.readers.json_records import read_json, read_json_lines
from assets.ingest.readers.options import (
    CsvOptions,
    DatabaseOptions,
    JsonLinesOptions,
    JsonOptions,
    ParquetOptions,
    ReaderOptions,
    SpssOptions,
    WorkbookOptions,
)
from assets.ingest.readers.spss import read_spss
from assets.ingest.readers.table import InputRefused, RawTable
from assets.ingest.readers.text import read_text
from assets.ingest.readers.workbook import read_workbook

__all__ = ["InputRefused", "RawTable", "open_input"]


def open_input(
    location: Path | str, options: ReaderOptions, *, table: str | None = None, query: str | None = None
) -> Iterator[RawTable]:
    """Yield the tables of one input; one, except for a workbook of which several sheets match.

    `location` is a file, or an SQLAlchemy URL for a database, of which either `table` or `query` is read. Walk each
    table's batches before asking for the next table. Raises InputRefused, also while batches are walked.
    """
    if isinstance(options, DatabaseOptions):
        yield from read_database(str(location), options, table=table, query=query)
        return
    path = Path(location)
    match options:
        case CsvOptions():
            yield from read_text(path, options)
        case WorkbookOptions():
            yield from read_workbook(path, options)
        case JsonLinesOptions():
            yield from read_json_lines(path, options)
        case JsonOptions():
            yield from read_json(path, options)
        case ParquetOptions():
            yield from read_parquet(path, options)
        case SpssOptions():
            yield from read_spss(path, options)
