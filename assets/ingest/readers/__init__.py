"""Readers: one per kind of input, each giving Arrow batches of raw text. `open_input` picks that of a file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from assets.ingest.readers.columnar import read_parquet
from assets.ingest.readers.json_records import read_json, read_json_lines
from assets.ingest.readers.options import (
    CsvOptions,
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


def open_input(path: Path, options: ReaderOptions) -> Iterator[RawTable]:
    """Yield the tables of one file; one, except for a workbook of which several sheets match.

    Walk each table's batches before asking for the next table. Raises InputRefused, also while batches are walked. A
    database is no file: `readers.database.open_database` reads it.
    """
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
