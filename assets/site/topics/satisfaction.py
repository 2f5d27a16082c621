"""The satisfaction index of a unit: over time with method breaks marked, by factor and criterion, and its instruments."""

from __future__ import annotations

from collections.abc import Sequence

from assets.site import charts
from assets.site.blocks import Block, Chart, Column, Items, Page, Section, Table, Text
from assets.site.blocks import Row as TableRow
from assets.site.say import Say
from assets.site.source import KINDS, OVERALL, Row, is_hidden, is_shown
from assets.site.topics.common import (
    Desk,
    breaks_of,
    folded,
    index_bar,
    index_columns,
    index_row,
    latest_rows,
    line_chart,
    no_data,
    of_kind,
    trimmed,
)  # fmt: skip
from assets.site.units import Unit


def pages(desk: Desk, unit: Unit, say: Say) -> list[Page]:
    rows = desk.marts.index.of(unit.key)
    overall = [row for row in rows if row["node_level"] == OVERALL and is_shown(row, "n_forms")]
    codes = sorted({row["instrument_code"] for row in overall})
    blocks: list[Block] = []
    if not codes:
        blocks = no_data(say)
    else:
        blocks.append(_trend(desk, unit, say, overall, codes))
        for code in codes:
            blocks += _details(
                desk, unit, say, code, [row for row in rows if row["instrument_code"] == code], len(codes) > 1
            )
        blocks.append(_instruments(desk, say, codes))
    return [Page("satisfaction.html", "satisfaction", say.w["satisfaction"], say.w["satisfaction_lead"], blocks)]


def trend_chart(desk: Desk, say: Say, overall: Sequence[Row], kind: str) -> Chart | None:
    """The overall index over the periods of a kind, a line per instrument; None where there are not two periods."""
    series = {}
    for code in sorted({row["instrument_code"] for row in overall}):
        own = trimmed(of_kind(desk.marts, (row for row in overall if row["instrument_code"] == code), kind), "n_forms")
        if own:
            series[desk.marts.instrument_names(code, say.language)] = own
    if len({row["period_id"] for rows in series.values() for row in rows if not is_hidden(row)}) < 2:
        return None
    families = {desk.marts.family(row["instrument_code"]) for row in overall}
    return line_chart(desk, say, series, "index_pct", families, say.w[f"chart_trend_{kind}"])


def _trend(desk: Desk, unit: Unit, say: Say, overall: Sequence[Row], codes: Sequence[str]) -> Section:
    marts, w = desk.marts, say.w
    changes = {
        (row["edition_id"], row["instrument_code"]): row
        for row in desk.marts.change.of(unit.key)
        if row["node_level"] == OVERALL
    }
    blocks: list[Block] = []
    for kind in ("month", "year"):
        chart = trend_chart(desk, say, overall, kind)
        blocks += [] if chart is None else [chart]
        for code in codes:
            own = trimmed(of_kind(marts, (row for row in overall if row["instrument_code"] == code), kind), "n_forms")
            if own:
                rows = [
                    index_row(say, say.short_period(row["period_id"]), row, changes.get((row["period_id"], code)), True)
                    for row in reversed(own)
                ]
                caption = marts.instrument_names(code, say.language)
                blocks.append(Table(caption, w[kind], index_columns(say, True), rows))
    longer = [row for kind in KINDS[1:-1] for row in reversed(of_kind(marts, overall, kind))]
    if longer:
        rows = [
            index_row(
                say, _named(desk, say, row, codes), row, changes.get((row["period_id"], row["instrument_code"])), True
            )
            for row in longer
        ]
        blocks.append(Table(w["longer_periods"], w["period"], index_columns(say, True), rows))
    blocks.append(Text(w["change_note"]))
    marked = [
        f"{say.day(row['broken_on'])}: {say.label(row, 'reason')}" for row in breaks_of(desk, map(marts.family, codes))
    ]
    if marked:
        blocks += [Text(w["breaks_here"], "strong"), Items(marked)]
    return Section("trend", w["trend"], blocks)


def _named(desk: Desk, say: Say, row: Row, codes: Sequence[str]) -> str:
    name = say.period(row["period_id"])
    return name if len(codes) == 1 else f"{name} · {desk.marts.instrument_names(row['instrument_code'], say.language)}"


def _details(desk: Desk, unit: Unit, say: Say, code: str, rows: Sequence[Row], several: bool) -> list[Block]:
    """Factors by month, then factors and criteria of each detailed period."""
    marts, w = desk.marts, say.w
    nodes = [node for node in marts.instruments.get(code, []) if node["node_level"] in ("area", "factor", "item")]
    by_period: dict[str, dict[str, Row]] = {}
    for row in rows:
        by_period.setdefault(row["period_id"], {})[row["node_code"]] = row
    changes = {
        (row["edition_id"], row["node_code"]): row
        for row in marts.change.of(unit.key)
        if row["instrument_code"] == code
    }
    periods = latest_rows(marts, (row for row in rows if row["node_level"] == OVERALL), "n_forms")
    title = f" · {marts.instrument_names(code, say.language)}" if several else ""

    def detail(period: str) -> list[Block]:
        found = by_period[period]
        factors = [node for node in nodes if node["node_level"] == "factor" and node["node_code"] in found]
        bars = [index_bar(say, say.label(node), found[node["node_code"]]) for node in factors]
        table_rows = [
            index_row(
                say, f"{node['node_code']}. {say.label(node)}", found[node["node_code"]],
                changes.get((period, node["node_code"])), True, "criterion" if node["node_level"] == "item" else "factor",
            )
            for node in nodes
            if node["node_code"] in found
        ]  # fmt: skip
        blocks: list[Block] = (
            [Chart(charts.intervals(bars, w["chart_factors"], charts.SENTENCES), w["chart_factors"])] if bars else []
        )
        caption = f"{w['by_criterion']}, {say.period(period)}"
        return [*blocks, Table(caption, w["criterion"], index_columns(say, True), table_rows)]

    sections: list[Block] = [Section(f"criteria-{code}", w["by_criterion"] + title, folded(say, periods, detail))]
    months = [p for p in marts.in_order(by_period) if marts.kind(p) == "month" and _has_overall(by_period[p])]
    factors = [node for node in nodes if node["node_level"] == "factor"]
    if months and factors:
        columns = [Column(f"{node['node_code']}. {say.label(node)}") for node in factors]
        matrix = [
            TableRow(
                say.short_period(period), [_with_n(say, by_period[period].get(node["node_code"])) for node in factors]
            )
            for period in reversed(months)
        ]
        table = Table(w["factors_by_month"], w["month"], columns, matrix, style="wrapped")
        sections.append(Section(f"factors-{code}", w["factors_by_month"] + title, [Text(w["with_n"]), table]))
    return sections


def _has_overall(found: dict[str, Row]) -> bool:
    return any(row["node_level"] == OVERALL and is_shown(row, "n_forms") for row in found.values())


def _with_n(say: Say, row: Row | None) -> str:
    if row is None:
        return say.w["none"]
    return (
        say.w["hidden"]
        if is_hidden(row)
        else f"{say.percent(row['index_pct'], None, 1)} ({say.count(row['n_answers'])})"
    )


def _instruments(desk: Desk, say: Say, codes: Sequence[str]) -> Section:
    w = say.w
    rows = []
    for code in codes:
        nodes = desk.marts.instruments.get(code, [])
        first = nodes[0] if nodes else {}
        years = f"{first.get('first_year') or w['none']} – {first.get('last_year') or w['in_use']}"
        items = sum(node["node_level"] == "item" and bool(node.get("n_items")) for node in nodes)
        mode = w.get(f"aggregation_{first.get('aggregation_mode')}", str(first.get("aggregation_mode") or w["none"]))
        rows.append(
            TableRow(
                desk.marts.instrument_names(code, say.language),
                [code, str(first.get("method_family") or w["none"]), years, str(items), mode],
            )
        )
    columns = [
        Column(w["code"], True),
        Column(w["family"], True),
        Column(w["years"], True),
        Column(w["n_criteria"]),
        Column(w["aggregation"], True),
    ]
    return Section("instruments", w["instruments"], [Table(w["instruments"], w["instrument"], columns, rows)])
