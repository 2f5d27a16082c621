"""Sections that cases and complaints have in common: in time, late and without a due date, by unit and by period."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from assets.site.blocks import Block, Section, Table
from assets.site.say import Say
from assets.site.source import KINDS, Row, is_hidden
from assets.site.topics.common import (
    Desk,
    Rate,
    line_chart,
    of_kind,
    parts_rows,
    rate_columns,
    rate_row,
    share_chart,
    trimmed,
)  # fmt: skip
from assets.site.units import Unit

# More units than this are given by the table alone.
_MOST_DRAWN = 60


def by_unit(
    desk: Desk, unit: Unit, say: Say, rate: Rate, rows_of: Callable[[Unit], Iterable[Row]], periods: Sequence[str],
    counts: Sequence[str], label: str,
) -> list[Block]:  # fmt: skip
    """The units right under a unit in the latest of the longest periods, and the unit itself as the total."""
    if not periods or not desk.units.parts(unit):
        return []
    period = periods[0]
    rows = parts_rows(desk, say, unit, rows_of, period, *counts)
    if not rows:
        return []
    total = next(row for row in rows_of(unit) if row["period_id"] == period)
    table = Table(
        f"{say.w['by_unit']}, {say.period(period)}", say.w["unit"], rate_columns(say, rate),
        [rate_row(say, rate, name, row) for name, row in rows], rate_row(say, rate, unit.name, total), has_tools=True, style="bare",
    )  # fmt: skip
    drawn = [share_chart(say, rate, rows, label)] if len(rows) <= _MOST_DRAWN else []
    return [Section("units", f"{say.w['by_unit']}: {say.period(period)}", [*drawn, table])]


def by_period(desk: Desk, say: Say, rate: Rate, whole: Sequence[Row], counts: Sequence[str]) -> Section:
    """The rate by month as a line, then every period as a row, the latest first."""
    months = trimmed(of_kind(desk.marts, whole, "month"), *counts)
    blocks: list[Block] = []
    if sum(not is_hidden(row) for row in months) > 1:
        blocks.append(
            line_chart(desk, say, {say.w["in_time_pct"]: months}, "in_time_pct", (), say.w[f"chart_{rate.name}_line"])
        )
    rows = [rate_row(say, rate, say.short_period(row["period_id"]), row) for row in reversed(months)]
    blocks.append(Table(say.w["by_month"], say.w["month"], rate_columns(say, rate), rows))
    longer = [row for kind in KINDS[:-1] for row in reversed(trimmed(of_kind(desk.marts, whole, kind), *counts))]
    if longer:
        rows = [rate_row(say, rate, say.period(row["period_id"]), row) for row in longer]
        blocks.append(Table(say.w["longer_periods"], say.w["period"], rate_columns(say, rate), rows))
    return Section("periods", say.w["over_time"], blocks)
