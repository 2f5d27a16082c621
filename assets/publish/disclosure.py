"""Takes out of an open table what a plan of disclosure control says, and what is small whatever the plan says.

The rule of one row, over the mart's n columns (the counts its figures rest on): it is hidden when one of them is above zero
and below the minimum, or unknown; and, in a mart no plan covers, when all of them are zero while another figure is not,
because that figure then rests on few records too. A row of zeros alone is shown: that nothing happened tells of no one.
Hiding sets every n and every figure to NULL, so that no count left standing gives back another; but for a count that the
model marks `hide: false`, which is shown elsewhere anyway. Which rows must be hidden or
left out because others would tell is the plan's word (`assets.disclosure`).
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce

import pyarrow as pa
import pyarrow.compute as pc

from assets.disclosure.plan import Plan
from assets.disclosure.rows import ALWAYS_LEFT_OUT, OF_ONE, TABLES, applies, keys
from assets.publish.marts import Column, Mart

HIDDEN_COLUMN = Column(
    name="hidden",
    label_vi="Đã ẩn",
    label_en="Hidden",
    description="True where the figures of the row are hidden because they rest on too few records or tell of a row that does.",
    format=None,
    hide=False,
    description_vi="true (đúng) khi số liệu của dòng được ẩn vì dựa trên quá ít bản ghi, hoặc vì từ đó suy ra được một dòng như vậy.",
)


def disclosed_columns(mart: Mart) -> tuple[Column, ...]:
    """Columns of the open form of a mart: its own open ones, and `hidden` where it has an n to judge by."""
    own = tuple(column for column in mart.columns if column.is_open)
    return (*own, HIDDEN_COLUMN) if mart.n_columns else own


def disclosed_schema(mart: Mart, schema: pa.Schema) -> pa.Schema:
    own = pa.schema([schema.field(column.name) for column in mart.columns if column.is_open])
    return own.append(pa.field(HIDDEN_COLUMN.name, pa.bool_())) if mart.n_columns else own


def disclose(batch: pa.RecordBatch, mart: Mart, plan: Plan) -> pa.RecordBatch:
    """The batch with hidden rows' figures set to NULL and the column `hidden`, without the rows that are left out whole. Columns
    that a row loses while the others stand are NULL and no more."""
    schema = disclosed_schema(mart, batch.schema)
    if not mart.n_columns:
        return batch.select(schema.names)
    nothing = pa.repeat(pa.scalar(False), batch.num_rows)
    hidden, left_out, blank = nothing, nothing, dict.fromkeys(figure_columns(mart, batch.schema), nothing)
    if plan.rules.hides:
        hidden = _hidden_by_itself(batch, mart, plan.rules.minimum_n, mart.name in plan.tables)
        for entry in TABLES[mart.name] if mart.name in plan.tables else ():
            named = pc.is_in(keys(entry, batch), value_set=plan.names)
            named = pc.and_(applies(entry, batch), pc.or_(named, entry.subject in ALWAYS_LEFT_OUT))
            if entry.leave_out:
                left_out = pc.or_(left_out, named)
            elif entry.columns:
                blank |= {column: pc.or_(blank[column], named) for column in entry.columns if column in blank}
            else:
                hidden = pc.or_(hidden, named)
    arrays = [
        pc.if_else(pc.or_(hidden, blank[field.name]), pa.scalar(None, field.type), batch.column(field.name))
        if field.name in blank else batch.column(field.name)
        for field in schema if field.name != HIDDEN_COLUMN.name
    ]  # fmt: skip
    return pa.RecordBatch.from_arrays([*arrays, hidden], schema=schema).filter(pc.invert(left_out))


def _hidden_by_itself(batch: pa.RecordBatch, mart: Mart, minimum_n: int, is_planned: bool) -> pa.Array:
    """Rows that rest on few records, whatever other rows tell."""
    rests_on = [batch.column(name) for name in mart.n_columns]
    few = _any(pc.fill_null(pc.and_(pc.greater(n, 0), pc.less(n, minimum_n)), True) for n in rests_on)
    if not is_planned:
        few = pc.or_(few, pc.invert(_any(_is_active(n) for n in rests_on)))
    stated = [pc.is_valid(batch.column(name)) for name in OF_ONE.get(mart.name, ())]
    return pc.and_(_has_figures(batch, mart), _any([few, *stated]))


def _has_figures(batch: pa.RecordBatch, mart: Mart) -> pa.Array:
    """Rows in which some count that figures rest on, or some figure that hiding takes away, is not zero."""
    figures = figure_columns(mart, batch.schema).union(mart.n_columns)
    return _any(_is_active(batch.column(name)) for name in figures if _is_number(batch.schema.field(name).type))


def _is_active(figures: pa.Array) -> pa.Array:
    return pc.fill_null(pc.not_equal(figures, 0), False)


def _any(flags: Iterable[pa.Array]) -> pa.Array:
    return reduce(pc.or_, flags)


def figure_columns(mart: Mart, schema: pa.Schema) -> frozenset[str]:
    """Columns that a hidden row loses: what the model marks `hide: true`, and n and every number outside the grain that it
    does not mark at all, so that a forgotten mark hides rather than shows."""
    return frozenset(
        column.name
        for column in mart.columns
        if column.hide is True
        or (column.hide is None and (column.name in mart.n_columns or _is_count(column.name, mart, schema)))
    )


def _is_count(name: str, mart: Mart, schema: pa.Schema) -> bool:
    return name not in mart.grain and _is_number(schema.field(name).type)


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))
