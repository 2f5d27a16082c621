"""Handling of complaints: timeliness by unit and by period, by channel and by class, and the limits that were worked out."""

from __future__ import annotations

from assets.site.blocks import Block, Column, Page, Section, Table, Text
from assets.site.blocks import Row as TableRow
from assets.site.say import Say
from assets.site.source import ALL, Row, is_shown
from assets.site.topics.common import COMPLAINTS, Desk, folded, latest_rows, no_data, rate_columns, rate_row
from assets.site.topics.timeliness import by_period, by_unit
from assets.site.units import Unit

_COUNTS = ("n_received", "n_closed", "n_pending")


def pages(desk: Desk, unit: Unit, say: Say) -> list[Page]:
    w, marts = say.w, desk.marts
    whole = [row for row in marts.complaints.of(unit.key) if row["channel"] == row["class"] == ALL]
    periods = latest_rows(marts, whole, *_COUNTS)
    blocks: list[Block] = []
    if not any(is_shown(row, *_COUNTS) for row in whole):
        blocks += no_data(say)
    else:
        label = w["chart_complaints"]
        blocks += by_unit(
            desk, unit, say, COMPLAINTS, lambda part: marts.complaints_whole.of(part.key), periods, _COUNTS, label
        )
        blocks.append(by_period(desk, say, COMPLAINTS, whole, _COUNTS))
        blocks += _ways(desk, unit, say, periods)
        blocks.append(_limits(say, {row["period_id"]: row for row in whole}, periods))
    return [Page("complaints.html", "complaints", w["complaints"], w["complaints_lead"], blocks)]


def _ways(desk: Desk, unit: Unit, say: Say, periods: list[str]) -> list[Block]:
    w = say.w
    rows = desk.marts.complaints.of(unit.key)
    # Where classes or channels would tell of few people, disclosure control leaves their rows out.
    known = {row["period_id"] for row in rows if (row["channel"] == ALL) != (row["class"] == ALL)}

    def block(period: str) -> list[Block]:
        own = [row for row in rows if row["period_id"] == period]
        total = next((row for row in own if row["channel"] == row["class"] == ALL), None)
        foot = None if total is None else rate_row(say, COMPLAINTS, w["all"], total)
        tables: list[Block] = []
        for column, other, head in (("class", "channel", w["class"]), ("channel", "class", w["channel"])):
            parts = sorted((row for row in own if row[other] == ALL != row[column]), key=lambda row: row[column])
            table_rows = [rate_row(say, COMPLAINTS, _name(say, column, row[column]), row) for row in parts]
            if table_rows:
                tables.append(
                    Table(f"{head}, {say.period(period)}", head, rate_columns(say, COMPLAINTS), table_rows, foot)
                )
        return tables

    listed = [period for period in periods if period in known]
    return [Section("ways", w["by_class_channel"], folded(say, listed, block))] if listed else []


def _name(say: Say, column: str, value: str) -> str:
    return say.w["not_stated"] if value == "~" else say.w.get(f"{column}_{value}", value)


def _limits(say: Say, found: dict[str, Row], periods: list[str]) -> Section:
    w = say.w
    names = (
        "n_in_time_or_term",
        "n_with_due_date_or_term",
        "n_closed_in_term",
        "n_closed_past_term",
        "n_published_in_term",
        "n_published_past_term",
    )
    rows = [
        TableRow(
            say.period(period),
            [
                say.percent(row.get("in_time_or_term_pct"), row),
                *((say.told if name.endswith("_past_term") else say.count)(row.get(name), row) for name in names),
            ],
        )
        for period in periods
        if (row := found.get(period)) is not None
    ]
    columns = [Column(w[name]) for name in ("in_time_or_term_pct", *names)]
    return Section("limits", w["limits"], [Text(w["limits_lead"]), Table(w["limits"], w["period"], columns, rows)])
