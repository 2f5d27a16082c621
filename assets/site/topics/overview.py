"""The first page of a unit: the figures of the latest month, where they are going, and what wants attention."""

from __future__ import annotations

from collections.abc import Sequence

from assets.site import charts
from assets.site.blocks import Block, Card, Cards, Chart, Column, Link, Links, Page, Section, Table, Text
from assets.site.blocks import Row as TableRow
from assets.site.say import Say
from assets.site.source import ALL, OVERALL, Row, is_hidden, is_shown, with_figures
from assets.site.topics import improvement, ranking, satisfaction
from assets.site.topics.common import CASES, COMPLAINTS, LEFT_OUT, Desk, Rate, index_bar, no_data
from assets.site.units import Unit
from assets.text.unit_kind import name_within

_MOST_DRAWN = 30
_MOST_URGENT = 3


def pages(desk: Desk, unit: Unit, say: Say) -> list[Page]:
    w = say.w
    overall = [
        row for row in desk.marts.index.of(unit.key) if row["node_level"] == OVERALL and is_shown(row, "n_forms")
    ]
    cards = [*_index_cards(desk, unit, say, overall), *_rate_cards(desk, unit, say), *_submission_card(desk, unit, say)]
    blocks: list[Block] = [Cards(cards)] if cards else no_data(say)
    if chart := satisfaction.trend_chart(desk, say, overall, "month"):
        link = Links(w["more"], [Link("satisfaction.html", w["see_satisfaction"])], "more")
        blocks.append(Section("trend", w["trend"], [chart, link]))
    blocks += _urgent(desk, unit, say, overall)
    blocks += _parts(desk, unit, say)
    return [Page("index.html", "overview", unit.name, w["overview_lead"], blocks)]


def _index_cards(desk: Desk, unit: Unit, say: Say, overall: Sequence[Row]) -> list[Card]:
    """The latest month of each instrument that has one, and the latest of the longest periods."""
    w, marts = say.w, desk.marts
    cards = []
    codes = sorted({row["instrument_code"] for row in overall})
    for code in codes:
        own = {
            row["period_id"]: row
            for row in with_figures((r for r in overall if r["instrument_code"] == code), "n_forms")
        }
        wanted = [marts.latest(own, "month"), marts.longest(own)]
        for period in dict.fromkeys(p for p in wanted if p is not None):
            row = own[period]
            change = next(
                (c for c in marts.change.of(unit.key)
                 if c["edition_id"] == period and c["instrument_code"] == code and c["node_level"] == OVERALL),
                None,
            )  # fmt: skip
            sentence = say.change_sentence(change)
            notes = (
                [(w["interval_short"].format(interval=say.interval(row)), "none")]
                if row.get("ci_low_pct") is not None
                else []
            )
            notes += [sentence] if sentence else []
            place = _place(desk, unit, say, period, code)
            notes += [(place, "none")] if place else []
            detail = say.period(period) + (f" · {marts.instrument_names(code, say.language)}" if len(codes) > 1 else "")
            parts = [
                (w["numerator"], say.count(row["n_satisfied"], row), w["index_numerator"]),
                (w["denominator"], say.count(row["n_answers"], row), w["index_denominator"]),
                (w["left_out"], say.sum(row, LEFT_OUT), w["index_left_out"]),
                (w["n"], say.count(row.get("n_forms_answered"), row), w["n_forms"]),
            ]
            cards.append(
                Card(w["index_card"], detail, say.percent(row["index_pct"], row), notes, parts, "satisfaction.html")
            )
    return cards


def _place(desk: Desk, unit: Unit, say: Say, period: str, code: str) -> str:
    """The unit's rank among the units of its level under the unit right above it."""
    above = [
        other
        for other in desk.units.by_key.values()
        if other.code == unit.parent_code and unit in desk.units.parts(other)
    ]
    for parent in above:
        for row in desk.marts.ranking.of(parent.key):
            own = (row["unit_code"], row["unit_valid_from"]) == unit.key and row["edition_id"] == period
            if own and row["instrument_code"] == code and not is_hidden(row) and row.get("index_rank") is not None:
                low, high = row.get("rank_low_simultaneous"), row.get("rank_high_simultaneous")
                text = say.w["place"].format(
                    rank=say.count(row["index_rank"]),
                    n=say.count(row["n_ranked"]),
                    parent=name_within(parent.name, say.language),
                )
                return (
                    text if low is None else text + say.w["place_set"].format(low=say.count(low), high=say.count(high))
                )
    return ""


def _rate_cards(desk: Desk, unit: Unit, say: Say) -> list[Card]:
    marts = desk.marts
    cases = [row for row in marts.cases.of(unit.key) if row["procedure_field"] == ALL]
    complaints = [row for row in marts.complaints.of(unit.key) if row["channel"] == row["class"] == ALL]
    return [
        *_rate_card(desk, say, CASES, cases, "cases.html"),
        *_rate_card(desk, say, COMPLAINTS, complaints, "complaints.html"),
    ]


def _rate_card(desk: Desk, say: Say, rate: Rate, rows: Sequence[Row], href: str) -> list[Card]:
    w = say.w
    found = {row["period_id"]: row for row in with_figures(rows, "n_with_due_date")}
    period = desk.marts.latest(found, "month") or desk.marts.longest(found)
    if period is None:
        return []
    row = found[period]
    parts = [
        (w["numerator"], say.count(row[rate.numerator], row), w[f"{rate.name}_numerator"]),
        (w["denominator"], say.count(row["n_with_due_date"], row), w[f"{rate.name}_denominator"]),
        (w["left_out"], say.count(row[rate.left_out], row), w[f"{rate.name}_left_out"]),
        (w["pending"], say.count(row["n_pending"], row), w[f"{rate.name}_pending"]),
    ]
    return [Card(w[f"{rate.name}_card"], say.period(period), say.percent(row["in_time_pct"], row), [], parts, href)]


def _submission_card(desk: Desk, unit: Unit, say: Say) -> list[Card]:
    w = say.w
    found = {row["period_id"]: row for row in desk.marts.submission_rates.of(unit.key) if row["dataset"] == ALL}
    period = desk.marts.latest(found, "month")
    if period is None:
        return []
    row = found[period]
    on_time = None if row["n_on_time"] is None else row["n_on_time"] + row["n_empty"] - row["n_empty_late"]
    parts = [
        (w["numerator"], say.count(on_time, row), w["submission_numerator"]),
        (w["denominator"], say.count(row["n_expected"], row), w["submission_denominator"]),
        (w["state_missing"], say.count(row["n_missing"], row), w["submission_missing"]),
    ]
    return [
        Card(
            w["submission_card"],
            say.period(period),
            say.percent(row["timeliness_pct"], row),
            [],
            parts,
            "submissions.html",
        )
    ]


def _urgent(desk: Desk, unit: Unit, say: Say, overall: Sequence[Row]) -> list[Block]:
    w = say.w
    period = desk.marts.longest({row["period_id"] for row in with_figures(overall, "n_forms")})
    rows = improvement.urgent(desk, unit, period)[:_MOST_URGENT]
    if not rows:
        return []
    listed = [
        TableRow(
            improvement.criterion(desk, say, row),
            [say.percent(row["index_pct"], row), say.percent(row.get("target_pct"), row, 1), say.count(row["n_answers"], row),
             say.label(row, "lead") or w["none"], say.label(row, "executing") or w["none"]],
        )
        for row in rows
    ]  # fmt: skip
    columns = [
        Column(w["index_pct"]),
        Column(w["target"]),
        Column(w["answers"]),
        Column(w["lead_unit"], True),
        Column(w["executing_unit"], True),
    ]
    link = Links(w["more"], [Link("improvement.html", w["see_improvement"])], "more")
    table = Table(f"{w['first_to_improve']}, {say.period(period)}", w["criterion"], columns, listed, style="bare")
    return [Section("improve", f"{w['first_to_improve']}: {say.period(period)}", [table, link])]


def _parts(desk: Desk, unit: Unit, say: Say) -> list[Block]:
    """The units right under the unit by their index, and where their own pages stand."""
    w = say.w
    parts = [part for part in desk.units.parts(unit) if part.folder]
    if not parts:
        return []
    names = desk.units.names(parts, w["valid_from"])
    found = [(part, row) for part in parts for row in desk.marts.index_overall.of(part.key) if is_shown(row, "n_forms")]
    period = desk.marts.longest({row["period_id"] for _, row in found})
    rows = sorted(
        ((part, row) for part, row in found if row["period_id"] == period),
        key=lambda pair: (pair[1]["index_pct"] is None, -(pair[1]["index_pct"] or 0)),
    )
    blocks: list[Block] = []
    if rows and len({row["instrument_code"] for _, row in rows}) == 1:
        drawn = rows if len(rows) <= _MOST_DRAWN else [*rows[: _MOST_DRAWN // 2], *rows[-_MOST_DRAWN // 2 :]]
        chart = charts.intervals([index_bar(say, names[part.key], row) for part, row in drawn], w["chart_index"])
        some = [Text(w["ends_only"].format(n=_MOST_DRAWN // 2))] if len(drawn) < len(rows) else []
        link = Links(w["more"], [Link(ranking.FILE, w["see_ranking"])], "more")
        blocks.append(
            Section("ranking", f"{w['ranking']}: {say.period(period)}", [Chart(chart, w["chart_index"]), *some, link])
        )
    links = [Link(f"../../{part.folder}/{say.language}/index.html", names[part.key], is_beyond=True) for part in parts]
    return [
        *blocks,
        Section("units", w["unit_pages"], [Text(w["unit_pages_note"]), Links(w["unit_pages"], links, "columns")]),
    ]
