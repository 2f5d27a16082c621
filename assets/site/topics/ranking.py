"""The units below a unit by their index, with intervals and the ranks each may hold; one page per period."""

from __future__ import annotations

from collections.abc import Sequence

from assets.site import charts
from assets.site.blocks import Block, Chart, Column, Page, Section, Table, Text
from assets.site.blocks import Row as TableRow
from assets.site.say import Say
from assets.site.source import Row, is_hidden, is_shown
from assets.site.topics.common import LEFT_OUT, Desk, index_bar, no_data, period_links
from assets.site.units import LEVELS, Unit

FILE = "ranking.html"


def pages(desk: Desk, unit: Unit, say: Say) -> list[Page]:
    """The latest period of the longest kind stands on the first page, each other period on a page of its own."""
    w, below = say.w, desk.units.below(unit)
    if not below:
        return []
    found: dict[str, list[tuple[Unit, Row]]] = {}
    for part in below:
        for row in desk.marts.index_overall.of(part.key):
            if is_shown(row, "n_forms"):
                found.setdefault(row["period_id"], []).append((part, row))
    shown = [period for period, rows in found.items() if any(not is_hidden(row) for _, row in rows)] or list(found)
    first = desk.marts.longest(shown)
    if first is None:
        return [Page(FILE, "ranking", w["ranking"], w["ranking_lead"], no_data(say))]
    files = {period: FILE if period == first else f"ranking-{period}.html" for period in desk.marts.in_order(found)}
    ranks: dict[str, dict[tuple[object, ...], Row]] = {}
    for row in desk.marts.ranking.of(unit.key):
        key = (row["unit_code"], row["unit_valid_from"], row["instrument_code"])
        ranks.setdefault(row["edition_id"], {})[key] = row
    return [
        Page(
            file, "ranking", f"{w['ranking']}: {say.period(period)}", w["ranking_lead"],
            [period_links(desk, say, files, period, files.__getitem__), *_tables(desk, say, period, found[period], ranks.get(period, {}))],
        )
        for period, file in files.items()
    ]  # fmt: skip


def _tables(
    desk: Desk, say: Say, period: str, found: Sequence[tuple[Unit, Row]], ranks: dict[tuple[object, ...], Row]
) -> list[Block]:
    blocks: list[Block] = []
    codes = sorted({row["instrument_code"] for _, row in found})
    for level in LEVELS:
        for code in codes:
            rows = [(unit, row) for unit, row in found if unit.level == level and row["instrument_code"] == code]
            if rows:
                blocks.append(_section(desk, say, level, code, rows, ranks, len(codes) > 1))
    return [*blocks, Text(say.w["ranking_note"])]


def _section(
    desk: Desk,
    say: Say,
    level: str,
    code: str,
    rows: Sequence[tuple[Unit, Row]],
    ranks: dict[tuple[object, ...], Row],
    several: bool,
) -> Section:
    w = say.w
    ordered = sorted(rows, key=lambda pair: (pair[1]["index_pct"] is None, -(pair[1]["index_pct"] or 0)))
    names = desk.units.names([unit for unit, _ in ordered], w["valid_from"])
    bars = [index_bar(say, names[unit.key], row) for unit, row in ordered]
    title = w[f"level_{level}"] + (f" · {desk.marts.instrument_names(code, say.language)}" if several else "")
    has_ranks = any((*unit.key, code) in ranks for unit, _ in ordered)
    heads = [
        w["index_pct"],
        *([w["rank"], w["possible_ranks"]] if has_ranks else []),
        w["interval"],
        w["satisfied"],
        w["answers"],
        w["left_out"],
        w["forms"],
    ]
    table_rows = []
    for unit, row in ordered:
        ranked = _ranks(say, ranks.get((*unit.key, code))) if has_ranks else []
        cells = [
            say.percent(row["index_pct"], row), *ranked, say.interval(row), say.count(row["n_satisfied"], row),
            say.count(row["n_answers"], row), say.sum(row, LEFT_OUT), say.count(row.get("n_forms_answered"), row),
        ]  # fmt: skip
        table_rows.append(TableRow(names[unit.key], cells))
    table = Table(title, w["unit"], [Column(head) for head in heads], table_rows, has_tools=True, style="bare")
    return Section(f"{level}-{code}", title, [Chart(charts.intervals(bars, w["chart_index"]), w["chart_index"]), table])


def _ranks(say: Say, row: Row | None) -> list[str]:
    if row is None:
        return [say.w["none"], say.w["none"]]
    if is_hidden(row):
        return [say.w["hidden"], say.w["hidden"]]
    if row.get("index_rank") is None:
        return [say.w["none"], say.label(row, "reason") or say.w["none"]]
    rank = f"{say.count(row['index_rank'])}/{say.count(row['n_ranked'])}"
    low, high = row.get("rank_low_simultaneous"), row.get("rank_high_simultaneous")
    return [rank, say.w["none"] if low is None or high is None else f"{say.count(low)} – {say.count(high)}"]
