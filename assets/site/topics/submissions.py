"""Who has sent what, and when: rates by dataset and period, each month's state, and the units below."""

from __future__ import annotations

from assets.site.blocks import Block, Cell, Column, Items, Page, Section, Table, Text
from assets.site.blocks import Row as TableRow
from assets.site.say import Say
from assets.site.source import ALL, KINDS, Row
from assets.site.topics.common import Desk, no_data
from assets.site.units import Unit
from quality.contract import load_contracts

SIGNS = {"on_time": "✓", "late": "!", "missing": "✗", "empty": "○"}
_MONTHS = 12
# More units than this are given by their rate alone, not month by month.
_MOST_BY_MONTH = 60
_COUNTS = ("n_expected", "n_on_time", "n_late", "n_empty", "n_missing", "n_missing_refused")


def pages(desk: Desk, unit: Unit, say: Say) -> list[Page]:
    w, marts = say.w, desk.marts
    rates = marts.submission_rates.of(unit.key)
    blocks: list[Block] = []
    if rates:
        blocks.append(_rates(desk, say, rates))
    own = {unit: marts.submitted.of(unit.key)}
    below = [part for part in desk.units.below(unit) if part.key in marts.submitted]
    if len(below) <= _MOST_BY_MONTH:
        own |= {part: marts.submitted.of(part.key) for part in below}
    states = _states(desk, say, {part: rows for part, rows in own.items() if rows})
    if states:
        legend = [f"{SIGNS[state]} {w[f'state_{state}']}: {w[f'state_{state}_means']}" for state in SIGNS]
        blocks += [Section("states", w["by_month"], [Items(legend), *states])]
    if len(below) > _MOST_BY_MONTH:
        blocks.append(_units(desk, say, below))
    return [Page("submissions.html", "submissions", w["submissions"], w["submissions_lead"], blocks or no_data(say))]


def title(dataset: str, say: Say) -> str:
    """The title of the dataset's contract."""
    contract = load_contracts().get(dataset)
    return str(getattr(contract.title, say.language)) if contract else dataset


def _rates(desk: Desk, say: Say, rates: list[Row]) -> Section:
    """All datasets together by period, and each dataset in the latest of the longest periods."""
    w = say.w
    together = {row["period_id"]: row for row in rates if row["dataset"] == ALL}
    ordered = [p for kind in KINDS for p in reversed(desk.marts.in_order(together)) if desk.marts.kind(p) == kind]
    period = desk.marts.longest(together)
    by_dataset = sorted(
        (row for row in rates if row["period_id"] == period and row["dataset"] != ALL), key=lambda row: row["dataset"]
    )
    blocks: list[Block] = []
    if by_dataset and period is not None:
        listed = [_rate_row(say, title(row["dataset"], say), row) for row in by_dataset]
        blocks.append(
            Table(
                f"{w['by_dataset']}, {say.period(period)}",
                w["dataset"],
                _columns(say),
                listed,
                _rate_row(say, w["all"], together[period]),
            )
        )
    blocks.append(
        Table(w["over_time"], w["period"], _columns(say), [_rate_row(say, say.period(p), together[p]) for p in ordered])
    )
    return Section("rates", w["submission_rates"], blocks)


def _columns(say: Say) -> list[Column]:
    names = (
        "completeness",
        "timeliness",
        "expected",
        "state_on_time",
        "state_late",
        "state_empty",
        "state_missing",
        "refused_whole",
    )
    return [Column(say.w[name]) for name in names]


def _rate_row(say: Say, name: str, row: Row) -> TableRow:
    rates = [say.percent(row["completeness_pct"], row, 1), say.percent(row["timeliness_pct"], row, 1)]
    return TableRow(name, [*rates, *(say.count(row.get(column), row) for column in _COUNTS)])


def _states(desk: Desk, say: Say, rows_of: dict[Unit, list[Row]]) -> list[Block]:
    """One table per dataset: a row per unit, a column per month, the latest twelve."""
    w = say.w
    names = desk.units.names(list(rows_of), w["valid_from"])
    blocks: list[Block] = []
    for dataset in sorted({row["dataset"] for rows in rows_of.values() for row in rows}):
        found = {
            unit: {row["period_id"]: str(row["submission_state"]) for row in rows if row["dataset"] == dataset}
            for unit, rows in rows_of.items()
        }
        months = sorted({month for states in found.values() for month in states})[-_MONTHS:]
        listed = [
            TableRow(names[unit.key], [_state(say, states.get(month)) for month in months])
            for unit, states in found.items()
            if states
        ]
        columns = [Column(say.short_period(month)) for month in months]
        blocks.append(Table(title(dataset, say), w["unit"], columns, listed, style="states", has_tools=len(listed) > 1))
    return blocks


def _state(say: Say, state: str | None) -> str | Cell:
    if state is None:
        return say.w["none"]
    return Cell(SIGNS.get(state, "?"), say.w.get(f"state_{state}", state), state)


def _units(desk: Desk, say: Say, below: list[Unit]) -> Section:
    """Units below by their rate over all datasets in the latest of the longest periods."""
    w = say.w
    names = desk.units.names(below, w["valid_from"])
    found = {part: [row for row in desk.marts.submission_rates.of(part.key) if row["dataset"] == ALL] for part in below}
    period = desk.marts.longest({row["period_id"] for rows in found.values() for row in rows})
    listed = [
        _rate_row(say, names[part.key], row)
        for part, rows in found.items()
        for row in rows
        if row["period_id"] == period
    ]
    table = Table(f"{w['by_unit']}, {say.period(period)}", w["unit"], _columns(say), listed, has_tools=True)
    return Section("units", f"{w['by_unit']}: {say.period(period)}", [table] if listed else [Text(w["no_data"])])
