"""What several topics share: tables of the index and of timeliness, charts of them, the choice of a period."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from assets.site import charts
from assets.site.blocks import Block, Chart, Column, Fold, Link, Links, Table, Text
from assets.site.blocks import Row as TableRow
from assets.site.say import Say
from assets.site.source import KINDS, OpenMarts, Row, is_hidden, is_shown, with_figures
from assets.site.units import Unit, Units

LEFT_OUT = ("n_dont_know", "n_missing")


@dataclass(frozen=True)
class Desk:
    """What every page is written from. `beside` is the folder the site's folder stands in, with the files to download."""

    marts: OpenMarts
    units: Units
    simulated: bool
    minimum_n: int
    titles: Mapping[str, str]
    revision: str
    version: str
    beside: Path
    forms: Sequence[Row]


@dataclass(frozen=True)
class Rate:
    """A rate of timeliness and the columns it is made of."""

    name: str
    numerator: str
    late: str
    left_out: str
    finished: str


CASES = Rate("case", "n_in_time", "n_settled_late", "n_settled_no_due_date", "n_settled")
COMPLAINTS = Rate("complaint", "n_closed_in_time", "n_closed_late", "n_closed_no_due_date", "n_closed")


def of_kind(marts: OpenMarts, rows: Iterable[Row], kind: str) -> list[Row]:
    """Rows whose period is of the kind, in order of time."""
    places = {period: place for place, period in enumerate(marts.in_order(marts.periods))}
    return sorted(
        (row for row in rows if marts.kind(row["period_id"]) == kind), key=lambda row: places[row["period_id"]]
    )


def trimmed(rows: Sequence[Row], *counts: str) -> list[Row]:
    """Rows from the first to the last that have anything to say."""
    filled = [place for place, row in enumerate(rows) if is_shown(row, *counts)]
    return list(rows[filled[0] : filled[-1] + 1]) if filled else []


def index_columns(say: Say, with_change: bool = False) -> list[Column]:
    w = say.w
    names = ["index_pct", "interval", *(["change"] if with_change else []), "satisfied", "answers", "left_out", "forms"]
    return [Column(w[name]) for name in names]


def index_row(
    say: Say, name: str, row: Row, change: Row | None = None, with_change: bool = False, style: str = ""
) -> TableRow:
    changed = [say.change(change)] if with_change else []
    cells = [
        say.percent(row["index_pct"], row), say.interval(row), *changed, say.count(row["n_satisfied"], row),
        say.count(row["n_answers"], row), say.sum(row, LEFT_OUT), say.count(row.get("n_forms_answered"), row),
    ]  # fmt: skip
    return TableRow(name, cells, style)


def index_bar(say: Say, name: str, row: Row, target: float | None = None) -> charts.Bar:
    hidden = is_hidden(row)
    return charts.Bar(
        name,
        None if hidden else row["index_pct"],
        None if hidden else row.get("ci_low_pct"),
        None if hidden else row.get("ci_high_pct"),
        say.percent(row["index_pct"], row, 1),
        target,
    )


def number_of(marts: OpenMarts, period: str) -> int:
    """The place of a month or a year among all of its kind: whole numbers that follow one another."""
    row = marts.periods[period]
    if row["period_kind"] == "year":
        return int(row["year"])
    year, _, month = str(row["first_month_id"]).partition("-")
    return int(year) * 12 + int(month) - 1


def line_chart(
    desk: Desk, say: Say, series: Mapping[str, Sequence[Row]], pct: str, families: Iterable[str], label: str
) -> Chart:
    """Lines over months or years, one per name; a break that touches one of the method families is marked."""
    marts = desk.marts
    periods = marts.in_order({row["period_id"] for rows in series.values() for row in rows})
    first, last = number_of(marts, periods[0]), number_of(marts, periods[-1])
    kind = marts.kind(periods[0])
    known = {number_of(marts, period): period for period in marts.periods if marts.kind(period) == kind}
    ticks = [(at, say.short_period(known[at]) if at in known else "") for at in range(first, last + 1)]
    lines = [[_point(marts, row, pct) for row in rows] for rows in series.values()]
    marked = [
        charts.Break(at, say.w["break_mark"].format(day=say.day(row["broken_on"])))
        for row in breaks_of(desk, families)
        if (at := _break_place(marts, kind, row)) is not None
    ]
    legend = [(charts.MARKS[i % len(charts.MARKS)], name) for i, name in enumerate(series)] if len(series) > 1 else []
    return Chart(charts.line(lines, marked, ticks, label), label, legend)


def _point(marts: OpenMarts, row: Row, pct: str) -> charts.Point:
    at = number_of(marts, row["period_id"])
    if is_hidden(row):
        return charts.Point(at, None, None, None)
    return charts.Point(at, row[pct], row.get("ci_low_pct"), row.get("ci_high_pct"))


def breaks_of(desk: Desk, families: Iterable[str]) -> list[Row]:
    touched = set(families)
    return [row for row in desk.marts.breaks if {row["from_family"], row["to_family"]} & touched]


def _break_place(marts: OpenMarts, kind: str, row: Row) -> int | None:
    """The first period of the kind that reaches the day of the break: it is the first not to compare."""
    after = [
        number_of(marts, p)
        for p, known in marts.periods.items()
        if marts.kind(p) == kind and known["ends_on"] >= row["broken_on"]
    ]
    return min(after, default=None)


def rate_columns(say: Say, rate: Rate, with_stock: bool = True) -> list[Column]:
    w = say.w
    stock = [w["opening"], w["received"]] if with_stock else []
    pending = [w["pending"]] if with_stock else []
    names = [
        w["in_time_pct"],
        w["in_time"],
        w["with_due_date"],
        w["late"],
        w["no_due_date"],
        w[f"{rate.name}_finished"],
    ]
    return [Column(name) for name in [*names, *stock, *pending]]


def rate_row(say: Say, rate: Rate, name: str, row: Row, with_stock: bool = True, style: str = "") -> TableRow:
    counts = [rate.left_out, rate.finished, *(["n_opening", "n_received", "n_pending"] if with_stock else [])]
    cells = [
        say.percent(row["in_time_pct"], row),
        *(say.count(row[column], row) for column in (rate.numerator, "n_with_due_date")),
        say.told(row[rate.late], row),
        *(say.count(row[column], row) for column in counts),
    ]
    return TableRow(name, cells, style)


def share_chart(say: Say, rate: Rate, rows: Sequence[tuple[str, Row]], label: str) -> Chart:
    bars = [
        charts.ShareBar(
            name,
            None if is_hidden(row) else (row[rate.numerator] or 0, row[rate.late] or 0, row[rate.left_out] or 0),
            say.percent(row["in_time_pct"], row, 1),
        )
        for name, row in rows
    ]
    legend = list(zip(charts.SHARES, (say.w["in_time"], say.w["late"], say.w["no_due_date"]), strict=True))
    return Chart(charts.shares(bars, label), label, legend)


def parts_rows(
    desk: Desk, say: Say, unit: Unit, rows_of: Callable[[Unit], Iterable[Row]], period: str, *counts: str
) -> list[tuple[str, Row]]:
    """The rows of the units right under a unit in a period, with their names."""
    parts = desk.units.parts(unit)
    names = desk.units.names(parts, say.w["valid_from"])
    found = []
    for part in parts:
        row = next((row for row in rows_of(part) if row["period_id"] == period), None)
        if row is not None and is_shown(row, *counts):
            found.append((names[part.key], row))
    return found


def latest_rows(marts: OpenMarts, rows: Iterable[Row], *counts: str) -> list[str]:
    """Detailed periods in which something may be shown, the longest kind first and in it the latest."""
    present = {row["period_id"] for row in with_figures(rows, *counts)} & marts.detailed
    ordered = marts.in_order(present)
    return [period for kind in KINDS for period in reversed(ordered) if marts.kind(period) == kind]


def folded(say: Say, periods: Sequence[str], block: Callable[[str], Sequence[Block]]) -> list[Block]:
    """The first period in the open, the others each behind a line of its own."""
    found: list[Block] = [] if periods else no_data(say)
    for place, period in enumerate(periods):
        found.append(Fold(say.period(period), block(period), place == 0))
    return found


def period_links(desk: Desk, say: Say, periods: Iterable[str], here: str, href: Callable[[str], str]) -> Links:
    ordered = desk.marts.in_order(periods)
    links = [
        Link(href(period), say.period(period), is_current=period == here)
        for kind in KINDS
        for period in reversed(ordered)
        if desk.marts.kind(period) == kind
    ]
    return Links(say.w["choose_period"], links)


def no_data(say: Say) -> list[Block]:
    return [Text(say.w["no_data"])]


def table_or_nothing(say: Say, table: Table) -> Block:
    return table if table.rows else Text(say.w["no_data"])
