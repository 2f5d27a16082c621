"""Parquet and SPSS files without some of their rows: every cell of such a row becomes missing, so that the others keep theirs."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pyreadstat

from assets.ingest.readers.options import SpssOptions

# In the header of an SPSS file: the letters it begins with when compressed as a whole, and where it says that its rows are.
_ZSAV, _COMPRESSION = b"$FL3", slice(72, 76)


def blank_parquet(file: Path, rows: Collection[int], target: Path) -> None:
    """Write a Parquet file with nulls in the rows, in the same row groups, types and compression, and with its metadata."""
    with pq.ParquetFile(file) as source:
        schema = source.schema_arrow
        # A blank row is null in every column, also in those that were declared to have no nulls.
        nullable = pa.schema([field.with_nullable(True) for field in schema], schema.metadata)
        with pq.ParquetWriter(target, nullable, compression=_compression(source)) as writer:
            first = 1
            for group in range(source.num_row_groups):
                table = source.read_row_group(group)
                numbers = np.arange(table.num_rows)
                gone = np.isin(numbers + first, list(rows))
                kept = table.take(pa.array(numbers, mask=gone))
                arrays = [_only_used(column) for column in kept.columns]
                writer.write_table(pa.Table.from_arrays(arrays, schema=nullable), row_group_size=len(numbers) or None)
                first += len(numbers)


def _compression(source: pq.ParquetFile) -> dict[str, str]:
    """The compression of each column, which a file states anew for each group of rows."""
    if not source.num_row_groups:
        return {}
    columns = map(source.metadata.row_group(0).column, range(source.metadata.num_columns))
    return {
        column.path_in_schema: "none" if column.compression == "UNCOMPRESSED" else column.compression
        for column in columns
    }


def _only_used(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column whose dictionary, if it has one, holds no value that no row has any more."""
    if not pa.types.is_dictionary(column.type):
        return column
    codes: pa.ChunkedArray = pc.cast(column, column.type.value_type).dictionary_encode()
    return codes.cast(column.type)


def blank_spss(file: Path, options: SpssOptions, rows: Collection[int], target: Path) -> str | None:
    """Write an SPSS file with missing values in the rows; return what it holds that cannot be written, if anything.

    Kept are labels, declared missing values, formats, measures, widths and notes, and how the file is compressed. Its texts
    are in UTF-8 afterwards.
    """
    values, about = pyreadstat.read_sav(
        file, encoding=options.encoding, user_missing=True, output_format="dict", disable_datetime_conversion=True
    )
    if about.mr_sets:
        return "multiple response sets"
    columns, gone = {}, frozenset(rows)
    for name, column in values.items():
        is_text = about.readstat_variable_types[name] == "string"
        blank = "" if is_text else None
        kept = [blank if row in gone else value for row, value in enumerate(column, start=1)]
        columns[name] = pd.Series(kept, dtype=object if is_text else float)
    with file.open("rb") as stream:
        header = stream.read(_COMPRESSION.stop)
    is_zsav = header.startswith(_ZSAV)
    pyreadstat.write_sav(
        pd.DataFrame(columns),
        target,
        file_label=about.file_label or "",
        column_labels=about.column_names_to_labels,
        compress=is_zsav,
        row_compress=not is_zsav and any(header[_COMPRESSION]),
        note=about.notes or None,
        variable_value_labels=about.variable_value_labels,
        missing_ranges=about.missing_ranges,
        variable_display_width=about.variable_display_width,
        variable_measure=dict(about.variable_measure),
        variable_format={name: form for name, form in about.original_variable_types.items() if form},
    )
    return None
