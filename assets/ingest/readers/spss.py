"""SPSS files (SAV, ZSAV) as rows of text, with the labels of their codes beside the codes. What they mean is not known here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyreadstat

from assets.ingest.readers.archive import damaged
from assets.ingest.readers.cells import cell_text, text_column
from assets.ingest.readers.limits import (
    MAX_HELD_FILE_BYTES,
    MAX_STATISTICS_CELLS,
    require_columns,
    require_size,
    too_large,
)
from assets.ingest.readers.options import SpssOptions
from assets.ingest.readers.table import BATCH_ROWS, Chunk, RawTable, raw_table, require_file, unique_headings

LABEL = " (label)"

# Bytes of a part of the rows as the library lays them out, every text at its full width.
_PART_BYTES = 64 << 20
_NUMBER_BYTES = 8


def read_spss(path: Path, options: SpssOptions) -> Iterator[RawTable]:
    """Yield the one table of an SPSS file; the headings are the names of the variables.

    A variable `q1` with value labels gives two columns: `q1` with the code and `q1 (label)` with its label, or the code
    where it has none. A value that the file declares missing (99 for no answer) is kept as its code; only what is missing
    for the system is blank. Dates are ISO. Raises InputRefused: file.damaged, file.too_large.
    """
    require_file(path)
    require_size(path, MAX_HELD_FILE_BYTES)
    about = _read(path, options, metadataonly=True)[1]
    names: list[str] = about.column_names
    if None in names:
        raise damaged(path, "a variable without a name")
    require_columns(path, len(names))
    labels: Mapping[str, Mapping[Any, str]] = about.variable_value_labels
    texts = [text for name in names for text in ((name, name + LABEL) if name in labels else (name,))]
    columns = unique_headings(texts, lambda index: str(index + 1))
    widths = sum(max(about.variable_storage_width.get(name) or 0, _NUMBER_BYTES) for name in names)
    rows = max(1, min(BATCH_ROWS, _PART_BYTES // max(widths, 1)))
    table = raw_table(
        "", columns, _chunks(path, options, names, labels, rows), options.skip, legacy_text=options.legacy_text
    )
    table.companions = frozenset(column for column, text in zip(columns, texts, strict=True) if text not in names)
    yield table


def _chunks(
    path: Path, options: SpssOptions, names: list[str], labels: Mapping[str, Mapping[Any, str]], rows: int
) -> Iterator[Chunk]:
    first = 0
    while True:
        values, _ = _read(path, options, row_offset=first, row_limit=rows, user_missing=True, output_format="dict")
        found = len(values[names[0]]) if names else 0
        if not found:
            return
        if (first + found) * len(names) > MAX_STATISTICS_CELLS:
            raise too_large(path, f"có quá {MAX_STATISTICS_CELLS:,} ô", f"has more than {MAX_STATISTICS_CELLS:,} cells")
        cells = []
        for name in names:
            column = [_value(value) for value in values[name]]
            cells.append(text_column(column))
            if name in labels:
                known = labels[name]
                cells.append(text_column([known.get(value, cell_text(value)) for value in column]))
        yield Chunk(cells, pa.array(np.arange(first + 1, first + found + 1)))
        if found < rows:
            return
        first += found


def _value(value: Any) -> Any:
    """A value without numpy's own types; NaN and NaT are what is missing for the system."""
    if isinstance(value, np.generic):
        value = value.item()
    return None if value is None or value != value else value


def _read(path: Path, options: SpssOptions, **arguments: Any) -> tuple[Any, Any]:
    try:
        data, about = pyreadstat.read_sav(path, encoding=options.encoding, **arguments)
    except (pyreadstat.ReadstatError, pyreadstat.PyreadstatError, ValueError, OverflowError, OSError) as error:
        raise damaged(path, str(error).splitlines()[0] if str(error) else type(error).__name__) from None
    return data, about
