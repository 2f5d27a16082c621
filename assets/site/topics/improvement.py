"""What to improve and who, in the latest period of each kind.

Criteria below their target or falling, what happened beside them, who leads and carries out."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from assets.site import charts
from assets.site.blocks import Block, Chart, Column, Page, Section, StackCell, Table, Text
from assets.site.blocks import Row as TableRow
from assets.site.say import Say
from assets.site.source import ALL, Row, is_hidden, with_figures
from assets.site.topics.common import Desk, folded, index_bar, latest_rows, no_data
from assets.site.units import Unit

# What of the complaints each kind of evidence counts, in the order of the table; their classes; and what is late of cases.
_COMPLAINTS = {"complaint": "n_received", "complaint_late": "n_closed_late"}
_CLASSES = ("regulation", "conduct", "other", "~")
_LATE = ("n_settled_late", "n_pending_overdue")


def pages(desk: Desk, unit: Unit, say: Say) -> list[Page]:
    w, marts = say.w, desk.marts
    rows = marts.plan.of(unit.key)
    answered = with_figures(marts.index_overall.of(unit.key), "n_forms")
    blocks: list[Block] = []
    for code in sorted({row["instrument_code"] for row in answered} if "improvement_plan" in marts.tables else ()):
        own = [row for row in rows if row["instrument_code"] == code]

        def block(period: str, own: Sequence[Row] = own) -> list[Block]:
            listed = [row for row in own if row["period_id"] == period]
            return [*_plan(desk, say, listed), *_beside(desk, unit, say, listed)] if listed else [Text(w["plan_none"])]

        # Periods that have answers, whether or not the plan has a criterion for them: none is an outcome too.
        listed = latest_rows(marts, (row for row in answered if row["instrument_code"] == code), "n_forms")
        periods = list({marts.kind(period): period for period in reversed(listed)}.values())[::-1]
        blocks.append(Section(f"plan-{code}", marts.instrument_names(code, say.language), folded(say, periods, block)))
    blocks += [Text(w["plan_by_contribution" if _is_weighed(rows) else "plan_by_gap"])] if rows else []
    blocks += [Text(w["plan_evidence"])] if _evidence(rows) else []
    return [Page("improvement.html", "improvement", w["improvement"], w["improvement_lead"], blocks or no_data(say))]


def urgent(desk: Desk, unit: Unit, period: str | None) -> list[Row]:
    """The plan's criteria of a period, those that weigh most first."""
    return sorted(
        (row for row in desk.marts.plan.of(unit.key) if row["period_id"] == period and not is_hidden(row)), key=_weight
    )


def criterion(desk: Desk, say: Say, row: Row) -> str:
    nodes = {node["node_code"]: node for node in desk.marts.instruments.get(row["instrument_code"], [])}
    node = nodes.get(row["node_code"])
    return f"{row['node_code']}. {say.label(node)}" if node else str(row["node_code"])


def _plan(desk: Desk, say: Say, rows: Sequence[Row]) -> list[Block]:
    w = say.w
    ordered = sorted(rows, key=_weight)
    evidence = _evidence(rows)
    weights = ["contribution_pct"] if _is_weighed(rows) else []
    bars = [
        index_bar(say, criterion(desk, say, row), row, row.get("target_pct")) for row in ordered if not is_hidden(row)
    ]
    table_rows = [
        TableRow(
            criterion(desk, say, row),
            [
                _index(say, row), say.percent(row.get("target_pct"), row, 1), say.points(_gap(row), row),
                StackCell(say.label(row, "lead") or w["none"], [w["executing_by"].format(unit=say.label(row, "executing") or w["none"])]),
                *(_size(say, row, name) for name in weights),
                say.points(row.get("change_pct"), row), _reason(say, row),
                *(say.count(row[name], row) for name in evidence),
            ],
        )
        for row in ordered
    ]  # fmt: skip
    names = ("index_stack", "target", "gap", "who_stack", *weights, "change", "reason", *evidence)
    columns = [Column(w[name], name in ("who_stack", "reason")) for name in names]
    legend = [("bar", w["index_pct"]), ("target", w["target"])]
    chart: list[Block] = [Chart(charts.targets(bars, w["chart_plan"]), w["chart_plan"], legend)] if bars else []
    return [*chart, Table(w["improvement"], w["criterion"], columns, table_rows, has_tools=True, style="plan")]


def _index(say: Say, row: Row) -> StackCell | str:
    """The index over its interval and what it is made of."""
    if is_hidden(row):
        return say.percent(row["index_pct"], row)
    counts = f"{say.count(row['n_satisfied'])} / {say.count(row['n_answers'])}"
    return StackCell(say.percent(row["index_pct"]), [say.interval(row), counts])


def _beside(desk: Desk, unit: Unit, say: Say, plan: Sequence[Row]) -> list[Block]:
    """Complaints by class and late cases of the plan's period, as far as they are open, with the criteria they bear on."""
    w, marts = say.w, desk.marts
    period, code = plan[0]["period_id"], plan[0]["instrument_code"]
    above = {node["node_code"]: node["parent_code"] for node in marts.instruments.get(code, [])}
    complaints = {
        row["class"]: row
        for row in marts.complaints.of(unit.key)
        if row["period_id"] == period and row["channel"] == ALL
    }
    cases = [row for row in marts.cases_whole.of(unit.key) if row["period_id"] == period]
    criteria: dict[tuple[str, str], set[str]] = {}
    for evidence in marts.evidence.get(code, []):
        # Of a topic alone no open mart counts the complaints.
        if evidence["complaint_topic"] == ALL:
            listed = {row["node_code"] for row in plan if evidence["node_code"] in _path(row["node_code"], above)}
            criteria.setdefault((evidence["kind"], evidence["complaint_class"]), set()).update(listed)
    labels = {ALL: w["every_class"], "~": w["not_stated"]}
    rows = [
        TableRow(
            f"{w[kind]}: {labels.get(name) or w[f'class_{name}']}",
            [say.count(complaints[name][count], complaints[name]), _codes(listed, above)],
        )
        for kind, count in _COMPLAINTS.items()
        for name in (ALL, *_CLASSES)
        if name in complaints and (listed := criteria.get((kind, name), set()) | criteria.get((kind, ALL), set()))
    ]
    on_cases = criteria.get(("case_late", ALL), set())
    rows += [TableRow(w["case_late"], [say.sum(row, _LATE), _codes(on_cases, above)]) for row in cases if on_cases]
    if not rows:
        return []
    columns = [Column(w["count"]), Column(w["bears_on"], True)]
    return [Text(w["beside_lead"]), Table(w["beside"], w["evidence"], columns, rows)]


def _path(node: str | None, above: Mapping[str, str | None]) -> set[str]:
    """The node and those above it."""
    found = set()
    while node is not None:
        found.add(node)
        node = above.get(node)
    return found


def _codes(criteria: Collection[str], above: Mapping[str, str | None]) -> str:
    """The criteria in the order of the form."""
    return ", ".join(code for code in above if code in criteria)


def _evidence(rows: Sequence[Row]) -> list[str]:
    """Counts of few complaints and cases tell of people: where they are not open, their columns are not there."""
    return [name for name in ("n_complaints", "n_cases_late") if any(name in row for row in rows)]


def _is_weighed(rows: Sequence[Row]) -> bool:
    """Whether the plan is ordered by what its criteria take from the overall index."""
    return any(row.get("contribution_rank") is not None for row in rows)


def _size(say: Say, row: Row, name: str) -> str:
    """A part of a difference, which has no sign of its own."""
    return say.percent(row.get(name), row).removesuffix("%")


def _gap(row: Row) -> float | None:
    """Points above the target, below it where negative."""
    return None if row.get("gap_pct") is None else -float(row["gap_pct"])


def _reason(say: Say, row: Row) -> str:
    if is_hidden(row):
        return say.w["hidden"]
    return say.w.get(f"reason_{row.get('reason')}", str(row.get("reason") or say.w["none"]))


def _weight(row: Row) -> tuple[int, float, str]:
    """The order of the plan: by the contribution to the overall shortfall, else by the gap to the target."""
    rank = row.get("contribution_rank")
    return (rank if rank is not None else 10**6), -(row.get("gap_pct") or 0.0), str(row["node_code"])
