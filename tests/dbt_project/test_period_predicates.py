"""The stocks and flows against a brute-force oracle that asks of each case, unit and period what the predicates say.

The predicates are those of the production system for form II.06 (domain reference 4.2), written out case by case; the
models reach the same counts by monthly differences and running sums.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import Any

import pytest
from landing_sample import PROCEDURES, ROOTS, UNITS, Sample

from assets.warehouse.engine import Warehouse

Row = dict[str, Any]
Unit = tuple[str, date]

IN_PROCESSING = {"accepted", "processing"}
DONE = {"settled", "returned"}
WITHDRAWN = {"withdrawn"}
SUPPLEMENT = {"supplement_requested"}
STOPPED = {"payment_requested", "stopped"}
EXCLUDED = {"registered", "rejected"}
# Compared in test_handling.
HANDLING = {
    "n_working_days", "n_closed_in_term", "n_closed_past_term", "n_pending_past_term", "n_in_time_or_term",
    "n_with_due_date_or_term", "n_published_in_term", "n_published_past_term",
    "n_completion_in_term", "n_completion_past_term",
}  # fmt: skip


def units_at(row: Row) -> list[Unit]:
    """The unit of the row on its day and those above it, up to the root; without one, the unassigned unit of the root."""
    path = climb(row["unit_code"], row["received_on"])
    if path and path[-1][0] in ROOTS:
        return path
    root = next(unit for unit in version_of(row["office_code"], row["received_on"]))
    return [(f"{root[0]}~", root[1]), root]


def climb(code: str | None, day: date) -> list[Unit]:
    path: list[Unit] = []
    while code is not None:
        found = list(version_of(code, day))
        if not found:
            break
        path.append(found[0])
        code = next(above for unit, start, _, _, above in UNITS if (unit, start) == found[0])
    return path


def version_of(code: str, day: date) -> Iterable[Unit]:
    """The latest version of the code that had begun by the day, if the day is not past its end."""
    begun = [(start, end) for unit, start, end, _, _ in UNITS if unit == code and start <= day]
    if begun:
        start, end = max(begun)
        if end is None or day <= end:
            yield code, start


def current(sample: Sample, table: str) -> list[Row]:
    """The newest version of each record among the deliveries that no later snapshot of their scope replaced."""
    inputs = {row["input_id"]: row for row in sample.rows("input")}
    newest: dict[str, Row] = {}
    for row in sample.rows(table):
        delivery = inputs.get(row["input_id"])
        if delivery is None:
            continue  # of a reading that is retired
        scope = [
            other["delivery_seq"]
            for other in inputs.values()
            if other["delivery_kind"] == "snapshot" and other["status"] == "landed"
            and (other["source"], other["scope_id"]) == (delivery["source"], delivery["scope_id"])
        ]  # fmt: skip
        if delivery["delivery_kind"] == "snapshot" and delivery["delivery_seq"] != max(scope):
            continue
        known = newest.get(row["record_key"])
        if known is None or known["delivery_seq"] < row["delivery_seq"]:
            newest[row["record_key"]] = row
    return list(newest.values())


def periods(sample: Sample, event_days: list[date]) -> dict[str, tuple[date, date]]:
    """First and last day of every period, cut to the months in which anything happened."""
    months = sorted(sample.rows("reporting_month"), key=lambda month: month["starts_on"])
    covered = [
        month for month in months if month["ends_on"] >= min(event_days) and month["starts_on"] <= max(event_days)
    ]
    known: dict[str, list[Row]] = {}
    for month in covered:
        year, number = month["month_id"][:4], int(month["month_id"][5:])
        names = [month["month_id"], f"{year}-Q{(number + 2) // 3}", f"{year}-H{1 if number <= 6 else 2}", year]
        for name in [*names, *([f"{year}-9M"] if number <= 9 else [])]:
            known.setdefault(name, []).append(month)
    return {name: (parts[0]["starts_on"], parts[-1]["ends_on"]) for name, parts in known.items()}


def unplaced_reason(row: Row, finished: set[str], end: date | None) -> str | None:
    if row["state"] == "rejected":
        return "n_unplaced_refused"
    if row["state"] not in finished:
        return None
    if end is None:
        return "n_unplaced_no_end"
    return "n_unplaced_end_before_start" if end < row["received_on"] else None


def count_case(row: Row, first: date, last: date) -> Counter[str]:
    """What one case adds to a period from `first` to `last`."""
    n: Counter[str] = Counter()
    received, end, due, state = row["received_on"], row["settled_on"], row["due_on"], row["state"]
    asked = row["supplement_requested_on"]
    reason = unplaced_reason(row, DONE | WITHDRAWN, end)
    if reason is not None:
        n[reason] += first <= received <= last
        return n
    if state in EXCLUDED:
        return n
    if first <= received <= last:
        n["n_received"] += 1
        n[f"n_received_{row['channel'] if row['channel'] in ('online', 'direct', 'postal') else 'other'}"] += 1
    if received < first and (state in IN_PROCESSING | SUPPLEMENT | STOPPED or end >= first):
        n["n_opening"] += 1
    if state in DONE and first <= end <= last:
        n["n_settled"] += 1
        if due is None:
            n["n_settled_no_due_date"] += 1
        else:
            ended, promised = (end, due) if row["deadline_precision"] == "date" else (row["settled_at"], row["due_at"])
            n["n_with_due_date"] += 1
            n["n_in_time"] += ended <= promised
            n["n_settled_early"] += ended < promised
            n["n_settled_on_day"] += ended == promised
            n["n_settled_late"] += ended > promised
    n["n_withdrawn"] += state in WITHDRAWN and first <= end <= last
    if received > last:
        return n
    if state in IN_PROCESSING or (state in DONE | WITHDRAWN and end > last) or (
        state in SUPPLEMENT and asked is not None and asked > last
    ):  # fmt: skip
        n["n_pending"] += 1
        n["n_pending_no_due_date" if due is None else "n_pending_overdue" if due < last else "n_pending_in_time"] += 1
    elif state in STOPPED | SUPPLEMENT:
        n["n_pending"] += 1
        n["n_pending_supplement"] += 1
    return n


def count_complaint(row: Row, first: date, last: date) -> Counter[str]:
    """What one complaint adds to a period from `first` to `last`."""
    n: Counter[str] = Counter()
    received, end, due = row["received_on"], row["closed_on"], row["due_on"]
    is_closed = row["state"] in ("done", "refused")
    reason = unplaced_reason(row, {"done", "refused"}, end)
    if reason is not None:
        n[reason] += first <= received <= last
        return n
    n["n_received"] += first <= received <= last
    n["n_received_no_due_date"] += first <= received <= last and due is None
    n["n_opening"] += received < first and (not is_closed or end >= first)
    if is_closed and first <= end <= last:
        n["n_closed"] += 1
        if due is None:
            n["n_closed_no_due_date"] += 1
        else:
            in_time = end <= due if row["deadline_precision"] == "date" else row["closed_at"] <= row["due_at"]
            n["n_with_due_date"] += 1
            n["n_closed_in_time" if in_time else "n_closed_late"] += 1
    if received <= last and (not is_closed or end > last):
        n["n_pending"] += 1
        n["n_pending_no_due_date"] += due is None
        n["n_pending_overdue"] += due is not None and due < last
    return n


def expected_rows(
    rows: list[Row], groups: Any, count: Any, spans: dict[str, tuple[date, date]]
) -> dict[tuple[Any, ...], Counter[str]]:
    """Counts by unit, period and group. Rows of totals always stand; others where something is counted."""
    totals: dict[tuple[Any, ...], Counter[str]] = {}
    for row in rows:
        for period, (first, last) in spans.items():
            counted = count(row, first, last)
            for unit in units_at(row):
                for group in groups(row):
                    totals.setdefault((*unit, period, *group), Counter()).update(counted)
    return {
        key: Counter({name: value for name, value in counts.items() if value})
        for key, counts in totals.items()
        if set(key[3:]) == {"*"} or any(counts.values())
    }


def mart_rows(warehouse: Warehouse, mart: str, keys: list[str]) -> dict[tuple[Any, ...], Counter[str]]:
    rows = warehouse.query(f"SELECT * FROM marts.{mart}").to_pylist()
    return {
        tuple(row[key] for key in keys): Counter(
            {name: value for name, value in row.items() if name.startswith("n_") and name not in HANDLING and value}
        )
        for row in rows
    }


def difference(found: dict[Any, Any], expected: dict[Any, Any]) -> list[Any]:
    return [
        (key, expected.get(key), found.get(key)) for key in {*found, *expected} if found.get(key) != expected.get(key)
    ][:5]


def test_case_settlement_counts_what_the_predicates_say(sample: Sample, duckdb_built: Warehouse) -> None:
    fields = {code: field for code, _, field in PROCEDURES}

    def groups(row: Row) -> list[tuple[str]]:
        return [("*",), (row["procedure_field"] or fields.get(row["procedure_code"]) or "~",)]

    rows = current(sample, "case")
    events = [row["received_on"] for row in rows]
    for row in rows:
        if (
            row["state"] in DONE | WITHDRAWN
            and row["settled_on"] is not None
            and row["settled_on"] >= row["received_on"]
        ):
            events.append(row["settled_on"])
        if row["state"] in SUPPLEMENT and row["supplement_requested_on"] is not None:
            events.append(max(row["supplement_requested_on"], row["received_on"]))
    expected = expected_rows(rows, groups, count_case, periods(sample, events))
    found = mart_rows(duckdb_built, "case_settlement", ["unit_code", "unit_valid_from", "period_id", "procedure_field"])
    assert difference(found, expected) == []
    assert len(found) > 500


def test_complaint_handling_counts_what_the_predicates_say(sample: Sample, duckdb_built: Warehouse) -> None:
    def groups(row: Row) -> list[tuple[str, str]]:
        return [(channel, kind) for channel in ("*", row["channel"] or "~") for kind in ("*", row["class"] or "~")]

    rows = current(sample, "complaint")
    events = [row["received_on"] for row in rows]
    for row in rows:
        if (
            row["state"] in ("done", "refused")
            and row["closed_on"] is not None
            and row["closed_on"] >= row["received_on"]
        ):
            events.append(row["closed_on"])
    expected = expected_rows(rows, groups, count_complaint, periods(sample, events))
    found = mart_rows(
        duckdb_built, "complaint_handling", ["unit_code", "unit_valid_from", "period_id", "channel", "class"]
    )
    # A row may stand for a request to complete a complaint alone, which test_handling counts.
    found = {key: counts for key, counts in found.items() if counts or set(key[3:]) == {"*"}}
    assert difference(found, expected) == []
    assert len(found) > 500


@pytest.mark.parametrize("status", ["settled_late", "pending_overdue"])
def test_case_overdue_lists_what_case_settlement_counts(duckdb_built: Warehouse, status: str) -> None:
    measure = {"settled_late": "n_settled_late", "pending_overdue": "n_pending_overdue"}[status]
    listed = duckdb_built.query(
        f"SELECT period_id, count(*) AS n FROM marts.case_overdue WHERE overdue_status = '{status}' GROUP BY period_id"
    ).to_pylist()
    counted = duckdb_built.query(
        f"SELECT period_id, sum({measure}) AS n FROM marts.case_settlement"
        " WHERE procedure_field = '*' AND unit_code IN ('01', 'B') AND length(period_id) = 7"
        " AND period_id NOT LIKE '%Q%' AND period_id NOT LIKE '%H%' AND period_id NOT LIKE '%M%'"
        f" GROUP BY period_id HAVING sum({measure}) > 0"
    ).to_pylist()
    assert {row["period_id"]: row["n"] for row in listed} == {row["period_id"]: row["n"] for row in counted}
    assert listed


def test_every_state_and_gap_stands_in_the_sample(sample: Sample, duckdb_built: Warehouse) -> None:
    """The comparison says nothing of what the sample does not hold."""
    cases = current(sample, "case")
    assert {row["state"] for row in cases} == IN_PROCESSING | DONE | WITHDRAWN | SUPPLEMENT | STOPPED | EXCLUDED
    totals = duckdb_built.query(
        "SELECT * FROM marts.case_settlement WHERE procedure_field = '*' AND period_id = '2025'"
    ).to_pandas()
    # Only a lock that holds figures restates a stock; the sample's hold none.
    counted = [name for name in totals.columns if name.startswith("n_") and name != "n_restated"]
    assert [name for name in counted if totals[name].sum() == 0] == []
    statuses = duckdb_built.query("SELECT DISTINCT unit_status FROM marts.fct_case").column("unit_status").to_pylist()
    assert set(statuses) == {"named", "missing", "not_in_force"}
