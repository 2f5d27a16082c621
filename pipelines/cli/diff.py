"""`sipas diff`: figures that two revisions state differently, by mart, unit and period, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from assets.lookup.database import open_locked
from assets.lookup.subject import unit_codes
from assets.publish.causes import REASONS
from assets.publish.changes import compare_revisions
from assets.workspace import Workspace
from pipelines.cli.lookup import MISTAKES, refuse, revision_of
from pipelines.cli.progress import console
from pipelines.cli.tables import say, show_table
from quality.personal import mask

_FIGURE = ("mart", "unit_code", "unit_valid_from", "period_id", "key", "change")
_COLUMNS_SHOWN = 4
# Told before the other columns of a row, where they changed.
_FIRST = ("index_pct", "in_time_pct", "rate_pct", "total_points", "index_rank", "submission_state", "n_forms_answered")

Row = Mapping[str, Any]


def show_difference(
    workspace: Workspace,
    before: str,
    after: str | None,
    unit: str | None,
    period: str | None,
    index: str | None,
    limit: int,
) -> None:
    """Print what changed from one kept revision to another (the current one for None): counts, then `limit` rows of marts."""
    old, new = revision_of(workspace, before), revision_of(workspace, after)
    if old == new:
        raise refuse(f"Both are revision {old.name}; name two different ones (hãy nêu hai bản công bố khác nhau)")
    try:
        with open_locked(new) as marts:
            units = None if unit is None else unit_codes(marts, unit)
        rows = compare_revisions(old, new).to_pylist()
    except MISTAKES as error:
        raise refuse(error) from None
    rows = [row for row in rows if _is_wanted(row, units, period, index)]
    say(f"{old.name} → {new.name}", "bold")
    if not rows:
        say("No figure differs (không có số liệu nào khác)", "green")
        return
    _show_counts(rows)
    _show_rows(rows, limit)


def _is_wanted(row: Row, units: frozenset[str] | None, period: str | None, index: str | None) -> bool:
    parts = {part.split("=", 1)[1] for part in row["key"].split(", ") if "=" in part}
    return (
        (units is None or row["unit_code"] in units or bool(units & parts))
        and (period is None or row["period_id"] == period)
        and (index is None or index in parts or index in (row["mart"], row["column"]))
    )


def _show_counts(rows: Sequence[Row]) -> None:
    """One line per mart and reason: how many of its rows changed, came and went."""
    found: dict[tuple[str, str], Counter[str]] = {}
    for (mart, reason, change, *_), _ in groupby(
        rows, key=lambda row: (row["mart"], row["reason"], row["change"], *(row[name] for name in _FIGURE))
    ):
        found.setdefault((mart, reason), Counter())[change] += 1
    headings = ["mart", "rows changed", "rows added", "rows removed", "why"]
    table = [
        (mart, counts["changed"], counts["added"], counts["removed"], _words(reason))
        for (mart, reason), counts in sorted(found.items())
    ]
    show_table(headings, table, numbers=headings[1:4], whole=["mart", "why"])


def _show_rows(rows: Sequence[Row], limit: int) -> None:
    console.print()
    groups = [list(group) for _, group in groupby(rows, key=lambda row: tuple(row[name] for name in _FIGURE))]
    # Rows that follow others only, such as ranks, are told after those that something happened to.
    groups.sort(key=lambda group: (group[0]["reason"] == "other_figures", group[0]["mart"] != "sipas_index"))
    headings = ["mart", "unit", "period", "of", "before → after", "why"]
    table = [
        (
            group[0]["mart"],
            group[0]["unit_code"],
            group[0]["period_id"],
            group[0]["key"],
            _changes(group),
            f"{_words(group[0]['reason'])}{_about(group[0]['detail'])}",
        )
        for group in groups[:limit]
    ]
    show_table(headings, table, whole=headings)
    if len(groups) > limit:
        say(f"… and {len(groups) - limit:,} more; --limit, --unit, --period and --index choose (còn nữa)")


def _changes(group: Sequence[Row]) -> str:
    if group[0]["change"] != "changed":
        return str(group[0]["change"])
    ordered = sorted(group, key=lambda row: _FIRST.index(row["column"]) if row["column"] in _FIRST else len(_FIRST))
    told = [f"{row['column']} {_shown(row, 'before')} → {_shown(row, 'after')}" for row in ordered[:_COLUMNS_SHOWN]]
    more = len(ordered) - len(told)
    return ", ".join(told) + (f" and {more} more" if more else "")


def _shown(row: Row, side: str) -> str:
    number, text = row[side], row[f"{side}_text"]
    if number is not None:
        return f"{number:,.0f}" if number == int(number) and row["column"].startswith("n_") else f"{number:g}"
    return "–" if text is None else str(text)


def _words(reason: str) -> str:
    return ", ".join(REASONS[code].en for code in reason.split(";"))


def _about(detail: str | None) -> str:
    return f" ({mask(detail)})" if detail else ""
