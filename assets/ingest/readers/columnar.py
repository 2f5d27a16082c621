"""Parquet files as rows of text, one part of a row group at a time. What the columns mean is not known here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from assets.ingest.readers.archive import damaged
from assets.ingest.readers.cells import BinaryValueError, text_column
from assets.ingest.readers.limits import (
    MAX_FILE_BYTES,
    MAX_ROW_GROUP_BYTES,
    require_columns,
    require_size,
    too_large,
)
from assets.ingest.readers.options import ParquetOptions
from assets.ingest.readers.table import Chunk, InputRefused, RawTable, raw_table, require_file, unique_headings

# A value that is kept once and stands in every row takes its full length in each: fewer rows at a time than elsewhere.
_ROWS = 10_000


def read_parquet(path: Path, options: ParquetOptions) -> Iterator[RawTable]:
    """Yield the one table of a Parquet file; fields of a struct become headings "a.b", lists JSON text.

    Decimals keep their digits, dates and times are ISO. Raises InputRefused: file.damaged, file.too_large,
    file.binary_column.
    """
    require_file(path)
    require_size(path, MAX_FILE_BYTES)
    with _opened(path) as file:
        require_columns(path, file.metadata.num_columns)
        for group in range(file.metadata.num_row_groups):
            if (size := file.metadata.row_group(group).total_byte_size) > MAX_ROW_GROUP_BYTES:
                mb = size >> 20
                raise too_large(path, f"có nhóm dòng bung ra {mb:,} MB", f"has a row group that unpacks to {mb:,} MB")
        fields = _flat(file.schema_arrow.empty_table()).schema
    columns = unique_headings(fields.names, lambda index: str(index + 1))
    yield raw_table("", columns, _chunks(path, columns), options.skip, legacy_text=options.legacy_text)


@contextmanager
def _opened(path: Path) -> Iterator[pq.ParquetFile]:
    try:
        with pq.ParquetFile(path, pre_buffer=False) as file:
            yield file
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise damaged(path, str(error).splitlines()[0]) from None


def _chunks(path: Path, columns: tuple[str, ...]) -> Iterator[Chunk]:
    first = 1
    with _opened(path) as file:
        for batch in file.iter_batches(batch_size=_ROWS):
            table = _flat(pa.Table.from_batches([batch]))
            cells = [_text(path, heading, column) for heading, column in zip(columns, table.columns, strict=True)]
            yield Chunk(cells, pa.array(np.arange(first, first + batch.num_rows)))
            first += batch.num_rows


def _flat(table: pa.Table) -> pa.Table:
    while any(pa.types.is_struct(field.type) for field in table.schema):
        table = table.flatten()
    return table


def _text(path: Path, heading: str, column: pa.ChunkedArray) -> pa.Array:
    kind = column.type
    if pa.types.is_dictionary(kind):
        column, kind = pc.cast(column, kind.value_type), kind.value_type
    array = column.combine_chunks()
    if (
        pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_integer(kind)
        or pa.types.is_null(kind)
    ):
        return pc.cast(array, pa.string())
    try:
        return text_column(array.to_pylist())
    except BinaryValueError:
        raise InputRefused(
            "file.binary_column",
            f"Cột “{heading}” của tệp “{path.name}” chứa dữ liệu nhị phân. Hãy đề nghị đơn vị xuất lại không có cột này.",
            f"Column {heading!r} of {path.name!r} holds binary data. Ask the sender to export without it.",
            column=heading,
        ) from None
