"""Scores of agencies that nobody gave, worked out again from the complaints (index 8) or cases (index 9) of a quarter.

What they are scored by stands in docs/methods/one-stop-evaluation.md, its limits in the table one_stop_threshold.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import duckdb

from assets.ingest.shape import literal
from assets.lookup.figure import flag
from assets.lookup.records import Record, day, rows_of

UnitKey = tuple[str, dt.date]
_Limits = Mapping[tuple[str, str], float]


@dataclass(frozen=True)
class Worked:
    """The level that follows for one unit and quarter from complaints or cases, why, and their lines."""

    level: str
    because: str
    records: tuple[Record, ...]


def worked_out(
    marts: duckdb.DuckDBPyConnection, index: str, quarter_id: str, units: Iterable[UnitKey]
) -> dict[UnitKey, Worked]:
    """What follows for each of the units from its complaints (8) or cases (9) of a quarter, up to the last month that has any."""
    mart = "complaint_handling" if index == "8" else "case_settlement"
    months = marts.execute(
        "SELECT min(month.starts_on), max(month.ends_on) FROM marts.dim_reporting_period AS month"
        " INNER JOIN marts.dim_reporting_period AS quarter ON month.period_id BETWEEN quarter.first_month_id AND quarter.last_month_id"
        f" WHERE month.period_kind = 'month' AND quarter.period_id = ? AND month.period_id IN (SELECT period_id FROM marts.{mart})",
        [quarter_id],
    ).fetchone()
    if months is None or months[0] is None:
        return {}
    first, last = map(day, months)
    among = ", ".join(f"({literal(code)}, {day(valid_from)})" for code, valid_from in sorted(units))
    thresholds = marts.execute("SELECT measure, level, limit_value FROM marts.dim_one_stop_threshold").fetchall()
    limits = {(measure, level): limit for measure, level, limit in thresholds}
    if index == "8":
        rows = marts.execute(_COMPLAINTS_IN_HAND.format(first=first, last=last, among=among))
        return {key: _judge_complaints(found, limits) for key, found in by_unit(rows_of(rows)).items()}
    offered = marts.execute(
        "SELECT count(*) FILTER (WHERE online_level IN ('full', 'partial')), count(online_level) FROM marts.dim_procedure"
    ).fetchone()
    assert offered is not None
    rows = marts.execute(_CASES_FILED.format(first=first, last=last, among=among))
    return {key: _judge_cases(found, limits, *offered) for key, found in by_unit(rows_of(rows)).items()}


_COMPLAINTS_IN_HAND = f"""
    SELECT *, {flag("is_closed AND (timeliness = 'in_time' OR (timeliness = 'no_due_date' AND term_timeliness = 'in_term'))")} AS in_time,
        {flag("is_closed AND (timeliness <> 'no_due_date' OR term_timeliness IS NOT NULL)")} AS judged,
        {flag("NOT is_closed AND coalesce(due_on, term_on) < {last}")} AS dragging
    FROM (
        SELECT input_id, sheet, line, unit_code, unit_valid_from, timeliness, term_timeliness, due_on, term_on,
            timeliness IS NOT NULL AND closed_on <= {{last}} AS is_closed
        FROM marts.fct_complaint
        WHERE (unit_code, unit_valid_from) IN ({{among}})
            AND flow_status = 'placed' AND received_on <= {{last}} AND (timeliness IS NULL OR closed_on >= {{first}})
    ) AS in_hand
"""
_IN_PROCESSING = (
    "(outcome = 'processing' OR (outcome IN ('settled', 'withdrawn') AND settled_on > {last})"
    " OR (outcome = 'supplement' AND supplement_requested_on > {last}))"
)
_ONLINE_LATE = (
    "channel = 'online' AND ((timeliness = 'late' AND settled_on BETWEEN {first} AND {last})"
    f" OR (received_on <= {{last}} AND due_on < {{last}} AND {_IN_PROCESSING}))"
)
_CASES_FILED = f"""
    SELECT input_id, sheet, line, unit_code, unit_valid_from,
        {flag("received_on BETWEEN {first} AND {last}")} AS received,
        {flag("channel = 'online' AND received_on BETWEEN {first} AND {last}")} AS online,
        {flag(_ONLINE_LATE)} AS online_late
    FROM marts.fct_case
    WHERE (unit_code, unit_valid_from) IN ({{among}})
        AND flow_status = 'placed' AND (received_on BETWEEN {{first}} AND {{last}} OR ({_ONLINE_LATE}))
"""


def _judge_complaints(rows: Sequence[Record], limits: _Limits) -> Worked:
    n = _totals(rows, ("in_time", "judged", "dragging"))
    is_enough = _highest(limits, lambda of: 100 * n["in_time"] >= of("complaints_in_time_pct") * n["judged"])
    level = "0" if n["dragging"] else is_enough
    because = (
        f"{n['in_time']:,} of {n['judged']:,} complaints closed in time, {n['dragging']:,} open past their deadline"
    )
    return Worked(level, because, tuple(rows))


def _judge_cases(rows: Sequence[Record], limits: _Limits, n_online: int, n_stated: int) -> Worked:
    n = _totals(rows, ("received", "online", "online_late"))
    if n["online_late"] or not n_online:
        level = "0"
    else:
        level = _highest(
            limits,
            lambda of: (
                100 * n_online >= of("online_procedures_pct") * n_stated
                and 100 * n["online"] >= of("online_filing_pct") * n["received"]
            ),
        )
    because = (
        f"{n_online:,} of {n_stated:,} procedures offered online, {n['online']:,} of {n['received']:,} cases filed online,"
        f" {n['online_late']:,} of them late"
    )
    return Worked(level, because, tuple(rows))


def without_records(index: str) -> Worked:
    """Of a unit without a complaint or case: without a complaint, all were handled; without a case nothing can be said."""
    return Worked("2", "no complaint in hand", ()) if index == "8" else Worked("", "no case received", ())


def _highest(limits: _Limits, reaches: Callable[[Callable[[str], float]], bool]) -> str:
    """The highest level whose limits are reached."""
    for level in ("2", "1"):
        if reaches(lambda measure, level=level: limits[measure, level]):  # type: ignore[misc]
            return level
    return "0"


def _totals(rows: Iterable[Record], names: Sequence[str]) -> dict[str, int]:
    totals: Counter[str] = Counter({name: 0 for name in names})
    for row in rows:
        totals.update({name: row[name] for name in names})
    return dict(totals)


def by_unit(rows: Iterable[Record]) -> dict[UnitKey, list[Record]]:
    """Rows by the unit that they stand at themselves."""
    found: dict[UnitKey, list[Record]] = defaultdict(list)
    for row in rows:
        found[row["unit_code"], row["unit_valid_from"]].append(row)
    return found
