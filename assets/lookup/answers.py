"""Answers of queries as CSV, JSON or Parquet files. Text that a spreadsheet would take for a formula is made harmless in CSV."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from typing import IO, Any

import pyarrow as pa
import pyarrow.csv as csv

from assets.publish.tables import BYTE_ORDER_MARK, csv_batch, csv_schema, open_parquet

WriteAnswer = Callable[[pa.RecordBatchReader, IO[bytes]], int]


def plain(reader: pa.RecordBatchReader) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    """The answer in texts, numbers, truth values, days and moments alone, its columns told apart by their names.

    What has no such form (lists, structures, intervals and the like) is given as the text that Python writes.
    """
    names: dict[str, None] = {}
    for name in reader.schema.names:
        place, free = 1, name
        while free in names:
            place += 1
            free = f"{name}_{place}"
        names[free] = None
    schema = pa.schema([(name, _plain_type(field.type)) for name, field in zip(names, reader.schema, strict=True)])
    return schema, (_plain_batch(batch, schema) for batch in reader)


def write_csv(reader: pa.RecordBatchReader, sink: IO[bytes]) -> int:
    """Write UTF-8 with byte order mark, RFC 4180, as the open tables are; return the rows written."""
    sink.write(BYTE_ORDER_MARK)
    return csv_without_mark(reader, sink)


def csv_without_mark(reader: pa.RecordBatchReader, sink: IO[bytes]) -> int:
    """The same for a pipe, where nobody opens it with a double click."""
    schema, batches = plain(reader)
    heading = pa.RecordBatch.from_arrays([pa.array(schema.names)], names=["heading"])
    safe = schema.with_metadata(None)
    for place, name in enumerate(csv_batch(heading).column(0).to_pylist()):
        safe = safe.set(place, safe.field(place).with_name(name))
    rows = 0
    options = csv.WriteOptions(include_header=True, eol="\r\n", quoting_style="needed")
    with csv.CSVWriter(sink, csv_schema(safe), write_options=options) as text:
        for batch in batches:
            text.write_batch(csv_batch(batch.rename_columns(safe.names)))
            rows += batch.num_rows
    return rows


def write_json(reader: pa.RecordBatchReader, sink: IO[bytes]) -> int:
    """Write one array of objects; days and moments as ISO 8601, what is not finite as null."""
    _, batches = plain(reader)
    rows = 0
    sink.write(b"[")
    for batch in batches:
        for row in batch.to_pylist():
            text = json.dumps({name: _json_value(value) for name, value in row.items()}, ensure_ascii=False)
            sink.write((",\n " if rows else "\n ").encode() + text.encode())
            rows += 1
    sink.write(b"\n]\n")
    return rows


def write_parquet(reader: pa.RecordBatchReader, sink: IO[bytes]) -> int:
    """Write one Parquet file; texts as they are."""
    schema, batches = plain(reader)
    rows = 0
    with open_parquet(sink, schema) as parquet:
        for batch in batches:
            parquet.write_batch(batch)
            rows += batch.num_rows
    return rows


FORMATS: Mapping[str, WriteAnswer] = {"csv": write_csv, "json": write_json, "parquet": write_parquet}


def _plain_type(kind: pa.DataType) -> pa.DataType:
    kept = (
        pa.types.is_integer(kind)
        or pa.types.is_floating(kind)
        or pa.types.is_decimal(kind)
        or pa.types.is_boolean(kind)
        or pa.types.is_date(kind)
    )
    if kept:
        return kind
    return pa.timestamp("us") if pa.types.is_timestamp(kind) else pa.string()


def _plain_batch(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    columns = [_plain_column(column, field.type) for column, field in zip(batch.columns, schema, strict=True)]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _plain_column(column: pa.Array, kind: pa.DataType) -> pa.Array:
    if column.type == kind:
        return column
    try:
        return column.cast(kind, safe=False)
    except pa.ArrowException:  # lists, structures and the like
        return pa.array([None if value is None else str(value) for value in column.to_pylist()], kind)


def _json_value(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value.isoformat() if hasattr(value, "isoformat") else float(value)
