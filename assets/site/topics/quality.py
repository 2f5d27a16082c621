"""Data quality: what became of the rows of the files a unit and those below it sent, and the files refused."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from assets.site.blocks import Block, Column, Page, Section, Table, Text
from assets.site.blocks import Row as TableRow
from assets.site.say import Say
from assets.site.source import Row, is_hidden
from assets.site.topics.common import Desk, no_data
from assets.site.units import Unit

_COUNTS = (
    "rows_read", "rows_accepted", "rows_quarantined", "rows_duplicate", "rows_superseded", "rows_forgotten", "rows_skipped",
    "cells_changed",
)  # fmt: skip
_MONTHS = 24
_REFUSED = 50


def pages(desk: Desk, unit: Unit, say: Say) -> list[Page]:
    w = say.w
    rows = _inputs(desk, unit)
    if not rows:
        return [Page("quality.html", "quality", w["quality"], w["quality_lead"], no_data(say))]
    blocks: list[Block] = [Section("sources", w["by_source"], [_grouped(say, rows, "source", w["source"])])]
    months = [row for row in rows if row.get("period_id")]
    if months:
        blocks.append(Section("months", w["by_month"], [_grouped(say, months, "period_id", w["month"], _MONTHS)]))
    hidden = any(is_hidden(row) for row in rows)
    blocks.append(Text(w["quality_skipped"] + (" " + w["quality_hidden"] if hidden else "")))
    refused = sorted(
        (
            (str(row.get("path") or w["none"]), str(row.get("reason") or w["none"]), row.get("sent_on"))
            for row in rows
            if row["status"] == "refused"
        ),
    )
    if refused:
        listed = [TableRow(path, [reason, say.day(sent)]) for path, reason, sent in refused[:_REFUSED]]
        table = Table(w["refused"], w["file"], [Column(w["why"], True), Column(w["sent_on"])], listed, style="files")
        more = [Text(w["refused_more"].format(n=say.count(len(refused))))] if len(refused) > _REFUSED else []
        blocks.append(Section("refused", w["refused"], [table, *more]))
    return [Page("quality.html", "quality", w["quality"], w["quality_lead"], blocks)]


def _inputs(desk: Desk, unit: Unit) -> list[Row]:
    """Files the unit and those below it sent while they were in force; for a root, every file."""
    by_code = desk.marts.inputs
    if unit.is_root:
        return [row for rows in by_code.values() for row in rows]
    return [
        row for one in (unit, *desk.units.below(unit)) for row in by_code.get(one.code, ()) if _in_force(desk, one, row)
    ]


def _in_force(desk: Desk, unit: Unit, row: Row) -> bool:
    period = desk.marts.periods.get(row.get("period_id") or "")
    day = period["ends_on"] if period else row.get("sent_on")
    return day is None or (unit.valid_from <= day and (unit.valid_to is None or day <= unit.valid_to))


def _grouped(say: Say, rows: Sequence[Row], column: str, first: str, most: int | None = None) -> Table:
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row[column]].append(row)
    names = sorted(groups, reverse=most is not None)[:most]
    columns = [Column(say.w[name]) for name in ("files", "files_refused", *_COUNTS)]
    listed = [_row(say, say.short_period(name) if column == "period_id" else name, groups[name]) for name in names]
    return Table(say.w["quality"], first, columns, listed, _row(say, say.w["total"], rows) if most is None else None)


def _row(say: Say, name: str, rows: Sequence[Row]) -> TableRow:
    """Sums of the group; one that lacks hidden figures begins with ≥, and one without others is hidden."""
    cells = [say.count(len(rows)), say.count(sum(row["status"] == "refused" for row in rows))]
    for column in _COUNTS:
        lacking = any(is_hidden(row) and row.get(column) is None for row in rows)
        total = sum(row.get(column) or 0 for row in rows)
        cells.append(("≥ " if lacking else "") + say.count(total) if total or not lacking else say.w["hidden"])
    return TableRow(name, cells)
