"""Open marts as Parquet and CSV, figures on few records hidden. Which marts are open is the model's word, not decided here.

CSV: UTF-8 with byte order mark, RFC 4180, text quoted, NULL empty, dates as 2023-06-14, doubles to six decimals.
A text that a spreadsheet would take for a formula gets an apostrophe in front, as a spreadsheet itself writes it;
a text that is plainly a number (-5, +3.2) is left, and numeric columns are never touched. Parquet keeps texts as they are.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Self

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as csv
import pyarrow.parquet as pq

from assets.disclosure.plan import Plan
from assets.publish.disclosure import disclose, disclosed_columns, disclosed_schema
from assets.publish.marts import Column, Mart, MartReader

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# = + - @ tab CR LF begin a formula in some spreadsheet, after blanks too, and so do the full-width forms of the first four.
_FORMULA = "^[ \u00a0]*[=+\\-@\t\r\n＝＋－＠]"
_PLAIN_NUMBER = r"^[+-]?[0-9]+([.,][0-9]+)?$"


@dataclass(frozen=True)
class OpenTable:
    """An open mart as written: its columns with `hidden`, the Arrow schema of the Parquet file, and where both stand."""

    mart: Mart
    columns: tuple[Column, ...]
    schema: pa.Schema
    rows: int
    parquet: Path
    csv: Path


def write_open_mart(mart: Mart, reader: MartReader, folder: Path, plan: Plan) -> OpenTable:
    """Write `<folder>/<mart>.parquet` and `.csv`, streaming, without what the plan hides; both hold the same rows in the
    order of the grain."""
    with TableWriter(mart, disclosed_schema(mart, reader.schema(mart)), folder) as writer:
        for batch in reader.batches(mart):
            writer.write(disclose(batch, mart, plan))
    return writer.table


class TableWriter:
    """Writes the two files of an open mart side by side; `table` says what was written, once it is closed."""

    def __init__(self, mart: Mart, schema: pa.Schema, folder: Path) -> None:
        parquet, text = folder / f"{mart.name}.parquet", folder / f"{mart.name}.csv"
        self.table = OpenTable(mart, disclosed_columns(mart), schema, 0, parquet, text)
        self._open = contextlib.ExitStack()
        self._parquet = self._open.enter_context(open_parquet(parquet, schema))
        sink = self._open.enter_context(text.open("wb"))
        sink.write(BYTE_ORDER_MARK + ",".join(schema.names).encode() + b"\r\n")
        options = csv.WriteOptions(include_header=False, eol="\r\n", quoting_style="needed")
        self._csv = self._open.enter_context(csv.CSVWriter(sink, csv_schema(schema), write_options=options))

    def write(self, batch: pa.RecordBatch) -> None:
        """Append rows that are disclosed already."""
        self._parquet.write_batch(batch)
        self._csv.write_batch(csv_batch(batch))
        self.table = replace(self.table, rows=self.table.rows + batch.num_rows)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self._open.close()


def open_parquet(path: Path | IO[bytes], schema: pa.Schema) -> pq.ParquetWriter:
    """A Parquet writer whose bytes depend on schema, rows and their batches alone."""
    return pq.ParquetWriter(
        path, schema, version="2.6", compression="zstd", compression_level=3, use_dictionary=True, store_schema=False
    )


def csv_batch(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The batch as CSV shows it: texts made harmless, timestamps as 2023-06-14T08:30:00Z."""
    schema = csv_schema(batch.schema)
    return pa.RecordBatch.from_arrays([_csv_array(column) for column in batch.columns], schema=schema)


def csv_schema(schema: pa.Schema) -> pa.Schema:
    """The schema of `csv_batch` of batches of a schema."""
    return pa.schema(
        [(field.name, pa.string() if pa.types.is_timestamp(field.type) else field.type) for field in schema]
    )


def _csv_array(array: pa.Array) -> pa.Array:
    if pa.types.is_timestamp(array.type):
        return pc.strftime(array.cast(pa.timestamp("s"), safe=False), format="%Y-%m-%dT%H:%M:%SZ")
    if not pa.types.is_string(array.type):
        return array
    risky = pc.and_not(
        pc.match_substring_regex(array, pattern=_FORMULA), pc.match_substring_regex(array, pattern=_PLAIN_NUMBER)
    )
    return pc.if_else(risky, pc.binary_join_element_wise("'", array, ""), array)
