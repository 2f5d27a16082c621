"""Whether a rewritten file reads as the one that was sent, without the rows that went. Nothing is written here."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from assets.ingest.opened import tables_of
from assets.ingest.plan import PlannedInput
from assets.ingest.readers.table import FAULT, LINE, RAW, InputRefused, RawTable


def reads_alike(item: PlannedInput, places: Mapping[str, Collection[int]], rewritten: Path) -> bool:
    """Return whether the reader gives of the rewritten file the same sheets, lines and cells, but for the rows at the places.

    A heading that only those rows filled may be gone: a JSON document has the headings of its records. Where all rows went,
    nothing may be left that the reader takes for a file with rows.
    """
    try:
        for before, after in zip_longest(tables_of(item), tables_of(replace(item, member=None, file=rewritten))):
            if before is None or after is None or before.sheet != after.sheet:
                return False
            if not set(after.columns) <= set(before.columns) or not _same(before, after, places.get(before.sheet, ())):
                return False
    except InputRefused:
        return all(not rows.num_rows for table in tables_of(item) for rows in _left(table, places.get(table.sheet, ())))
    return True


def _left(table: RawTable, gone: Collection[int]) -> Iterator[pa.RecordBatch]:
    """The rows of a table but for those that went."""
    numbers = pa.array(sorted(gone), pa.int64())
    return (batch.filter(pc.invert(pc.is_in(batch[LINE], value_set=numbers))) for batch in table.batches)


def _same(before: RawTable, after: RawTable, gone: Collection[int]) -> bool:
    return all(
        one is not None
        and other is not None
        and all(_cells(one, name).equals(_cells(other, name)) for name in (*before.columns, LINE, FAULT, RAW))
        for one, other in _side_by_side(_left(before, gone), after.batches)
    )


def _cells(rows: pa.RecordBatch, name: str) -> pa.Array:
    """A column, blank where it has nothing and where it is not there."""
    column = rows.column(name) if name in rows.schema.names else pa.nulls(rows.num_rows, pa.string())
    return pc.fill_null(column, "") if column.type == pa.string() else column


def _side_by_side(
    left: Iterator[pa.RecordBatch], right: Iterator[pa.RecordBatch]
) -> Iterator[Sequence[pa.RecordBatch | None]]:
    """Yield the rows of both in parts of one length; None beside what only one of them still has."""
    sides: list[pa.RecordBatch | None] = [None, None]
    while True:
        for index, batches in enumerate((left, right)):
            if not sides[index]:
                sides[index] = next((batch for batch in batches if batch.num_rows), None)
        one, other = sides
        if one is None and other is None:
            return
        if one is None or other is None:
            yield sides
            return
        rows = min(one.num_rows, other.num_rows)
        yield one.slice(0, rows), other.slice(0, rows)
        sides = [one.slice(rows), other.slice(rows)]
