"""Hides figures that rest on few records, row by row. Differences between rows (a total less its parts) are not its job.

The rule, over the mart's n columns (the counts its figures rest on): a row is hidden when one of them is above zero and
below `minimum_n`, or unknown; and when all of them are zero while another figure is not, because that figure then rests
on few records too. A row of zeros alone is shown: that nothing happened tells of no one. Hiding sets every n and every
figure to NULL, so that no count left standing gives back another.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce

import pyarrow as pa
import pyarrow.compute as pc

from assets.publish.marts import Column, Mart

HIDDEN_COLUMN = Column(
    name="hidden",
    label_vi="Đã ẩn",
    label_en="Hidden",
    description="True where the figures of the row are hidden because they rest on too few records.",
    format=None,
    hide=False,
)


def disclosed_columns(mart: Mart) -> tuple[Column, ...]:
    """Columns of the open form of a mart: its own, and `hidden` where it has an n to judge by."""
    return (*mart.columns, HIDDEN_COLUMN) if mart.n_columns else mart.columns


def disclosed_schema(mart: Mart, schema: pa.Schema) -> pa.Schema:
    return schema.append(pa.field(HIDDEN_COLUMN.name, pa.bool_())) if mart.n_columns else schema


def hide_small(batch: pa.RecordBatch, mart: Mart, minimum_n: int) -> pa.RecordBatch:
    """The batch with small rows' figures set to NULL and the column `hidden`; unchanged for a mart without n."""
    if not mart.n_columns:
        return batch
    figures = figure_columns(mart, batch.schema)
    rests_on = [batch.column(name) for name in mart.n_columns]
    few = _any(pc.fill_null(pc.and_(pc.greater(n, 0), pc.less(n, minimum_n)), True) for n in rests_on)
    none = pc.invert(_any(_is_active(n) for n in rests_on))
    active = _any(_is_active(batch.column(name)) for name in figures if _is_number(batch.schema.field(name).type))
    hidden = pc.and_(active, pc.or_(few, none)) if minimum_n > 1 else pa.repeat(pa.scalar(False), batch.num_rows)
    arrays = [
        pc.if_else(hidden, pa.scalar(None, field.type), batch.column(field.name)) if field.name in figures
        else batch.column(field.name)
        for field in batch.schema
    ]  # fmt: skip
    return pa.RecordBatch.from_arrays([*arrays, hidden], schema=disclosed_schema(mart, batch.schema))


def _is_active(figures: pa.Array) -> pa.Array:
    return pc.fill_null(pc.not_equal(figures, 0), False)


def _any(flags: Iterable[pa.Array]) -> pa.Array:
    return reduce(pc.or_, flags)


def figure_columns(mart: Mart, schema: pa.Schema) -> frozenset[str]:
    """Columns that a hidden row loses: n, what the model marks `hide: true`, and every number outside the grain that it
    does not mark at all, so that a forgotten mark hides rather than shows."""
    return frozenset(
        column.name
        for column in mart.columns
        if column.name in mart.n_columns
        or column.hide is True
        or (column.hide is None and column.name not in mart.grain and _is_number(schema.field(column.name).type))
    )


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))
