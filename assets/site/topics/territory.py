"""The index by the territory of its time and by that of now, the one or the other."""

from __future__ import annotations

from collections.abc import Sequence

from assets.site.blocks import Block, Choice, Column, Page, Section, Table, Text
from assets.site.blocks import Row as TableRow
from assets.site.say import Say
from assets.site.source import OVERALL, Row, UnitKey, is_shown
from assets.site.topics.common import LEFT_OUT, Desk, index_columns, index_row, no_data
from assets.site.units import Unit
from assets.text.wording import FIRST_DAY


def pages(desk: Desk, unit: Unit, say: Say) -> list[Page]:
    w = say.w
    blocks = [Text(_validity(unit, say), "strong")]
    then, now = _then(desk, unit, say), _now(desk, unit, say)
    choice = Choice(
        w["territory_choice"], [Section("then", w["territory_then"], then), Section("now", w["territory_now"], now)]
    )
    return [Page("territory.html", "territory", w["territory"], w["territory_lead"], [*blocks, choice])]


def _validity(unit: Unit, say: Say) -> str:
    state = "in_force" if unit.valid_to is None else "ended"
    word = state if unit.valid_from > FIRST_DAY else f"{state}_always"
    return say.w[word].format(unit=unit.name, start=say.day(unit.valid_from), end=say.day(unit.valid_to))


def _then(desk: Desk, unit: Unit, say: Say) -> list[Block]:
    """The unit itself by period, and the units right under it in the latest of the longest periods."""
    w, marts = say.w, desk.marts
    rows = [row for row in marts.index.of(unit.key) if row["node_level"] == OVERALL and is_shown(row, "n_forms")]
    if not rows:
        return no_data(say)
    blocks: list[Block] = [Text(w["territory_then_lead"])]
    blocks.append(
        Table(
            unit.name,
            w["period"],
            index_columns(say),
            [index_row(say, _edition(desk, say, row, rows), row) for row in _latest_first(desk, rows)],
        )
    )
    period = marts.longest({row["period_id"] for row in rows})
    parts = [(part, row) for part in desk.units.parts(unit) for row in marts.index_overall.of(part.key)
             if row["period_id"] == period and is_shown(row, "n_forms")]  # fmt: skip
    if parts:
        names = desk.units.names([part for part, _ in parts], w["valid_from"])
        listed = [index_row(say, _edition_of(desk, say, names[part.key], row, rows), row) for part, row in parts]
        blocks.append(
            Table(f"{w['by_unit']}, {say.period(period)}", w["unit"], index_columns(say), listed, has_tools=True)
        )
    return blocks


def _now(desk: Desk, unit: Unit, say: Say) -> list[Block]:
    """The unit by period if it is in force now; for a root, the units of now that its forms fall to."""
    w, marts = say.w, desk.marts
    rows = [row for row in marts.index_now.of(unit.key) if is_shown(row, "n_forms")]
    blocks: list[Block] = []
    if rows:
        table_rows = [_now_row(say, _edition(desk, say, row, rows), row) for row in _latest_first(desk, rows)]
        blocks.append(Table(unit.name, w["period"], _now_columns(say), table_rows))
    wanted: list[UnitKey] = (
        [key for key in marts.index_now if key != unit.key]
        if unit.is_root
        else [part.key for part in desk.units.below(unit) if part.key in marts.index_now]
    )
    below = {key: [row for row in marts.index_now.of(key) if is_shown(row, "n_forms")] for key in wanted}
    period = marts.longest({row["period_id"] for listed in below.values() for row in listed})
    listed = sorted(
        ((desk.units.name(key), row) for key, found in below.items() for row in found if row["period_id"] == period),
        key=lambda pair: pair[0],
    )
    if listed:
        every = [row for _, row in listed]
        table_rows = [_now_row(say, _edition_of(desk, say, name, row, every), row) for name, row in listed]
        blocks.append(
            Table(f"{w['units_now']}, {say.period(period)}", w["unit"], _now_columns(say), table_rows, has_tools=True)
        )
    if not blocks:
        return [Text(w["territory_none"])]
    return [Text(w["territory_now_lead"]), *blocks]


def _now_columns(say: Say) -> list[Column]:
    return [Column(say.w[name]) for name in ("index_pct", "satisfied", "answers", "allocated", "left_out", "forms")]


def _now_row(say: Say, name: str, row: Row) -> TableRow:
    counts = [say.count(row.get(column), row) for column in ("n_satisfied", "n_answers", "n_answers_allocated")]
    cells = [
        say.percent(row["index_pct"], row),
        *counts,
        say.sum(row, LEFT_OUT),
        say.count(row.get("n_forms_answered"), row),
    ]
    return TableRow(name, cells)


def _latest_first(desk: Desk, rows: Sequence[Row]) -> list[Row]:
    places = {period: place for place, period in enumerate(desk.marts.in_order(row["period_id"] for row in rows))}
    return sorted(
        (row for row in rows if row["period_id"] in places),
        key=lambda row: (-places[row["period_id"]], row["instrument_code"]),
    )


def _edition(desk: Desk, say: Say, row: Row, rows: Sequence[Row]) -> str:
    return _edition_of(desk, say, say.period(row["period_id"]), row, rows)


def _edition_of(desk: Desk, say: Say, name: str, row: Row, rows: Sequence[Row]) -> str:
    """The name, with the instrument where there are several."""
    several = len({other["instrument_code"] for other in rows}) > 1
    return f"{name} · {desk.marts.instrument_names(row['instrument_code'], say.language)}" if several else name
