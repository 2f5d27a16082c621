"""How cases, complaints and activities were handled, against a brute-force oracle that lays out every day.

The models count with numbered working days, running sums and unions by window; the oracle keeps sets of days and lists of
records. What a case is and when it ends is judged as in test_period_predicates.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from fractions import Fraction
from math import ceil
from typing import Any

import pytest
from landing_handling import LIMITS, TARGETS, TERM_KINDS
from landing_sample import PROCEDURES, UNITS, Sample
from test_period_predicates import (
    DONE,
    EXCLUDED,
    IN_PROCESSING,
    SUPPLEMENT,
    WITHDRAWN,
    Row,
    climb,
    current,
    difference,
    periods,
    units_at,
    unplaced_reason,
)

from assets.warehouse.engine import Warehouse

Spans = dict[str, tuple[date, date]]
ONE_DAY = timedelta(days=1)


class Calendar:
    """The landed calendar as a set of working days."""

    def __init__(self, sample: Sample) -> None:
        self.worked = {row["day_on"] for row in sample.rows("working_day") if row["is_working"] == 1}

    def between(self, start: date, end: date) -> int:
        """Working days after `start` up to `end`."""
        return sum(start < day <= end for day in self.worked)

    def forward(self, day: date) -> date:
        while day not in self.worked:
            day += ONE_DAY
        return day

    def after(self, day: date, count: int) -> date:
        for _ in range(count):
            day = self.forward(day + ONE_DAY)
        return self.forward(day)


@pytest.fixture(scope="module")
def calendar(sample: Sample) -> Calendar:
    return Calendar(sample)


# ── cases ──────────────────────────────────────────────────────────────────────────────────────────────────────────


class Case:
    """One case with its steps and what follows from them."""

    def __init__(self, row: Row, steps: list[Row], calendar: Calendar) -> None:
        self.row, self.steps, self.calendar = row, steps, calendar
        self.received, self.end, self.due = row["received_on"], row["settled_on"], row["due_on"]
        self.is_placed = unplaced_reason(row, DONE | WITHDRAWN, self.end) is None and row["state"] not in EXCLUDED
        self.is_settled = self.is_placed and row["state"] in DONE
        moves = sorted(
            (step for step in steps if step["due_before_on"] is not None),
            key=lambda step: (step["started_at"], step["record_key"]),
        )
        first = {"on": row["due_on"], "at": row["due_at"]}
        if row["due_original_on"] is not None:
            first = {"on": row["due_original_on"], "at": row["due_original_at"]}
        elif moves:
            first = {"on": moves[0]["due_before_on"], "at": moves[0]["due_before_at"]}
        self.original: date | None = first["on"]
        self.original_at: datetime | None = first["at"]
        self.requests = [step for step in steps if step["kind"] == "supplement"]
        if self.is_settled:
            self.requests = [step for step in self.requests if step["started_on"] <= self.end]

    def waited(self) -> set[date]:
        """Every day waited, of a settled case; a request never answered lasts to the settlement."""
        days: set[date] = set()
        for step in self.requests:
            day = max(step["started_on"], self.received)
            while day < min(step["ended_on"] or self.end, self.end):
                day += ONE_DAY
                days.add(day)
        return days

    @property
    def waiting_unknown(self) -> bool:
        return not self.requests and self.row["supplement_requested_on"] is not None

    def working_days(self) -> int | None:
        if not self.is_settled or self.waiting_unknown:
            return None
        held = {day for day in self.calendar.worked if self.received < day <= self.end}
        return len(held - self.waited())

    def judge(self, basis: str) -> str:
        if basis == "given":
            return self.against(self.due, self.row["due_at"])
        if basis == "original":
            return self.against(self.original, self.original_at)
        if self.waiting_unknown or self.original is None:
            return "unclassified"
        if not self.requests:
            return self.judge("original")
        end, due = self.end, self.original
        if basis == "shift":
            due = self.calendar.forward(due + timedelta(days=len(self.waited())))
        elif basis == "subtract":
            end -= timedelta(days=len(self.waited()))
        else:
            resubmitted = max(min(step["ended_on"] or end, end) for step in self.requests)
            if TERM_KINDS.get(self.row["procedure_code"], "working") == "calendar":
                due = self.calendar.forward(resubmitted + timedelta(days=max((due - self.received).days, 0)))
            else:
                due = self.calendar.after(resubmitted, self.calendar.between(self.received, due))
        return "early" if end < due else "on_day" if end == due else "late"

    def against(self, due_on: date | None, due_at: datetime | None) -> str:
        if due_on is None:
            return "unclassified"
        by_day = self.row["deadline_precision"] == "date"
        end, due = (self.end, due_on) if by_day else (self.row["settled_at"], due_at)
        return "early" if end < due else "on_day" if end == due else "late"

    @property
    def is_settled_late(self) -> bool:
        return self.is_settled and "late" in (self.judge("given"), self.judge("original"))

    def is_late_at(self, last: date, due: date | None) -> bool:
        """Whether the case is in processing on the last day of a month and past a due date."""
        if not self.is_placed or self.received > last or due is None or due >= last:
            return False
        state, asked = self.row["state"], self.row["supplement_requested_on"]
        return (
            state in IN_PROCESSING
            or (state in DONE | WITHDRAWN and self.end > last)
            or (state in SUPPLEMENT and asked is not None and asked > last)
        )


@pytest.fixture(scope="module")
def cases(sample: Sample, calendar: Calendar) -> list[Case]:
    steps: defaultdict[str, list[Row]] = defaultdict(list)
    for step in current(sample, "case_step"):
        steps[step["case_key"]].append(step)
    return [Case(row, steps[row["record_key"]], calendar) for row in current(sample, "case")]


@pytest.fixture(scope="module")
def spans(sample: Sample, cases: list[Case]) -> Spans:
    events = []
    for case in cases:
        events.append(case.received)
        if case.is_placed and case.row["state"] in DONE | WITHDRAWN:
            events.append(case.end)
        if case.row["state"] in SUPPLEMENT and case.row["supplement_requested_on"] is not None:
            events.append(max(case.row["supplement_requested_on"], case.received))
    return periods(sample, events)


def rows_of(warehouse: Warehouse, mart: str, keys: list[str], values: list[str]) -> dict[tuple[Any, ...], Any]:
    rows = warehouse.query(f"SELECT {', '.join([*keys, *values])} FROM marts.{mart}").to_pylist()
    return {tuple(row[key] for key in keys): tuple(row[value] for value in values) for row in rows}


def without_zeros(rows: dict[Any, Any]) -> dict[Any, Any]:
    return {key: value for key, value in rows.items() if any(value)}


UNIT_PERIOD = ["unit_code", "unit_valid_from", "period_id"]


def percentile(days: list[int], share: Fraction) -> int:
    """The smallest value that at least that share of the list does not exceed."""
    return sorted(days)[ceil(share * len(days)) - 1]


def quantiles(days: list[int]) -> tuple[int, int, int]:
    return len(days), percentile(days, Fraction(1, 2)), percentile(days, Fraction(9, 10))


def test_working_days_of_settled_cases(cases: list[Case], spans: Spans, duckdb_built: Warehouse) -> None:
    fields = {code: field for code, _, field in PROCEDURES}
    days: defaultdict[tuple[Any, ...], list[int]] = defaultdict(list)
    for case in cases:
        taken = case.working_days()
        if taken is not None:
            for period in (name for name, (first, last) in spans.items() if first <= case.end <= last):
                field = case.row["procedure_field"] or fields.get(case.row["procedure_code"]) or "~"
                for unit in units_at(case.row):
                    for group in ("*", field):
                        days[(*unit, period, group)].append(taken)
    expected = {key: quantiles(listed) for key, listed in days.items()}
    found = rows_of(
        duckdb_built,
        "case_settlement",
        [*UNIT_PERIOD, "procedure_field"],
        ["n_working_days", "working_days_median", "working_days_p90"],
    )
    assert difference({key: value for key, value in found.items() if value != (0, None, None)}, expected) == []
    assert len({listed for listed in expected.values() if listed[1] != listed[2]}) > 50


def test_each_basis_of_supplement_time(cases: list[Case], spans: Spans, duckdb_built: Warehouse) -> None:
    counted: defaultdict[tuple[Any, ...], Counter[str]] = defaultdict(Counter)
    for case in cases:
        if not case.is_settled:
            continue
        for period in (name for name, (first, last) in spans.items() if first <= case.end <= last):
            for unit in units_at(case.row):
                for basis in ("given", "original", "shift", "restart", "subtract"):
                    counted[(*unit, period, basis)][case.judge(basis)] += 1
    classes = ["early", "on_day", "late", "unclassified"]
    expected = {key: tuple(counts[name] for name in classes) for key, counts in counted.items()}
    found = rows_of(duckdb_built, "case_supplement_basis", [*UNIT_PERIOD, "basis"], [f"n_{name}" for name in classes])
    assert difference(found, expected) == []


def test_the_bases_differ_in_the_sample(cases: list[Case]) -> None:
    """The comparison says nothing where all bases agree."""
    judged = [tuple(case.judge(basis) for basis in ("original", "shift", "restart", "subtract")) for case in cases
              if case.is_settled and case.requests]  # fmt: skip
    assert len(judged) > 20
    for one, other in [(0, 1), (1, 2), (1, 3), (2, 3)]:
        assert any(row[one] != row[other] for row in judged)
    assert any(case.waiting_unknown and case.is_settled for case in cases)
    assert any(len(case.waited()) < sum((min(step["ended_on"] or case.end, case.end)
               - max(step["started_on"], case.received)).days for step in case.requests)
               for case in cases if case.is_settled)  # fmt: skip


def test_late_cases_and_their_apologies(cases: list[Case], spans: Spans, duckdb_built: Warehouse) -> None:
    counted: defaultdict[tuple[Any, ...], Counter[str]] = defaultdict(Counter)
    for case in cases:
        written = case.row["apologised_on"]
        for period, (first, last) in spans.items():
            settled = case.is_settled_late and first <= case.end <= last
            pending = case.is_late_at(last, case.due) or case.is_late_at(last, case.original)
            issued = (settled and written is not None) or (pending and written is not None and written <= last)
            for unit in units_at(case.row):
                counted[(*unit, period)] += Counter(
                    settled=int(settled), pending=int(pending), issued=int(issued), owed=settled + pending - issued
                )
    found = rows_of(
        duckdb_built,
        "case_apology",
        UNIT_PERIOD,
        ["n_late_settled", "n_late_pending", "n_apology_issued", "n_apology_owed"],
    )
    expected = {
        key: tuple(counts[name] for name in ("settled", "pending", "issued", "owed")) for key, counts in counted.items()
    }
    assert difference(without_zeros(found), without_zeros(expected)) == []
    assert sum(row[2] for row in found.values()) > 0


def test_case_overdue_lists_every_late_case_with_its_apology(duckdb_built: Warehouse) -> None:
    listed = duckdb_built.query(
        "SELECT period_id, count(*) AS n, sum(CASE WHEN apology_status = 'issued' THEN 1 ELSE 0 END) AS n_issued"
        " FROM marts.case_overdue GROUP BY period_id"
    ).to_pylist()
    counted = duckdb_built.query(
        "SELECT period_id, sum(n_late) AS n, sum(n_apology_issued) AS n_issued FROM marts.case_apology"
        " INNER JOIN marts.dim_reporting_period USING (period_id)"
        " WHERE unit_code IN ('01', 'B') AND period_kind = 'month' GROUP BY period_id HAVING sum(n_late) > 0"
    ).to_pylist()
    as_counts = [
        {row["period_id"]: (int(row["n"]), int(row["n_issued"])) for row in rows} for rows in (listed, counted)
    ]
    assert as_counts[0] == as_counts[1]
    assert listed
    statuses = duckdb_built.query("SELECT DISTINCT overdue_status FROM marts.case_overdue").column(0).to_pylist()
    assert set(statuses) == {"settled_late", "settled_late_original", "pending_overdue", "pending_overdue_original"}


def test_shares_of_channels(duckdb_built: Warehouse) -> None:
    rows = duckdb_built.query(
        "SELECT n_received, n_received_online, n_received_postal, online_pct, postal_pct FROM marts.case_settlement"
    ).to_pylist()
    for row in rows:
        for channel in ("online", "postal"):
            share = row[f"{channel}_pct"]
            if row["n_received"] == 0:
                assert share is None
            else:
                assert share == pytest.approx(100 * row[f"n_received_{channel}"] / row["n_received"])


# ── complaints ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def complaints(sample: Sample) -> list[Row]:
    rows = current(sample, "complaint")
    return [row for row in rows if unplaced_reason(row, {"done", "refused"}, row["closed_on"]) is None]


@pytest.fixture(scope="module")
def complaint_spans(sample: Sample, complaints: list[Row]) -> Spans:
    events = [row["received_on"] for row in current(sample, "complaint")]
    events += [row["completion_requested_on"] for row in complaints if row["completion_requested_on"] is not None]
    return periods(sample, events + [row["closed_on"] for row in complaints if is_closed(row)])


def is_closed(row: Row) -> bool:
    return row["state"] in ("done", "refused")


def test_limits_worked_out_and_working_days_of_complaints(
    complaints: list[Row], complaint_spans: Spans, calendar: Calendar, duckdb_built: Warehouse
) -> None:
    limits = dict(LIMITS)
    counted: defaultdict[tuple[Any, ...], Counter[str]] = defaultdict(Counter)
    days: defaultdict[tuple[Any, ...], list[int]] = defaultdict(list)
    for row in complaints:
        limit = limits["refuse" if row["state"] == "refused" else "process"]
        start = row["forwarded_on"] or row["received_on"]
        no_due_date, closed = row["due_on"] is None, row["closed_on"]
        term_on = calendar.after(start, limit)
        within = is_closed(row) and closed <= term_on
        published = row["published_on"]
        for period, (first, last) in complaint_spans.items():
            n: Counter[str] = Counter()
            if is_closed(row) and first <= closed <= last:
                n["n_closed_in_term"] += no_due_date and within
                n["n_closed_past_term"] += no_due_date and not within
                if published is not None:
                    in_time = published <= calendar.after(closed, limits["publish"])
                    n["n_published_in_term" if in_time else "n_published_past_term"] += 1
            asked = row["completion_requested_on"]
            if asked is not None and first <= asked <= last:
                in_time = asked <= calendar.after(start, limits["complete"])
                n["n_completion_in_term" if in_time else "n_completion_past_term"] += 1
            if row["received_on"] <= last and (not is_closed(row) or closed > last):
                n["n_pending_past_term"] += no_due_date and term_on < last
            for unit in units_at(row):
                for channel in ("*", row["channel"] or "~"):
                    for kind in ("*", row["class"] or "~"):
                        counted[(*unit, period, channel, kind)].update(n)
                        if is_closed(row) and first <= closed <= last:
                            days[(*unit, period, channel, kind)].append(calendar.between(row["received_on"], closed))
    measures = [
        "n_closed_in_term",
        "n_closed_past_term",
        "n_pending_past_term",
        "n_published_in_term",
        "n_published_past_term",
        "n_completion_in_term",
        "n_completion_past_term",
    ]
    keys = [*UNIT_PERIOD, "channel", "class"]
    expected = {key: tuple(n[name] for name in measures) for key, n in counted.items() if any(n.values())}
    found = rows_of(duckdb_built, "complaint_handling", keys, measures)
    assert difference(without_zeros(found), expected) == []
    assert [sum(row[place] for row in expected.values()) > 0 for place in range(len(measures))] == [True] * len(
        measures
    )
    lasting = rows_of(
        duckdb_built, "complaint_handling", keys, ["n_working_days", "working_days_median", "working_days_p90"]
    )
    assert (
        difference(
            {key: value for key, value in lasting.items() if value[0]},
            {key: quantiles(listed) for key, listed in days.items()},
        )
        == []
    )


def test_complaints_about_conduct(complaints: list[Row], complaint_spans: Spans, duckdb_built: Warehouse) -> None:
    counted: defaultdict[tuple[Any, ...], Counter[str]] = defaultdict(Counter)
    for row in complaints:
        if row["class"] != "conduct":
            continue
        named = [row[name] or "~" for name in ("finding", "against_role", "action_taken")]
        groups = [[name if bit else "*" for name, bit in zip(named, bits, strict=True)] for bits in BITS]
        for period, (first, last) in complaint_spans.items():
            n = Counter(received=int(first <= row["received_on"] <= last))
            n["closed"] = int(is_closed(row) and first <= row["closed_on"] <= last)
            for unit in units_at(row):
                for group in groups:
                    counted[(*unit, period, *group)].update(n)
    keys = [*UNIT_PERIOD, "finding", "against_role", "action_taken"]
    found = rows_of(duckdb_built, "conduct_complaint", keys, ["n_received", "n_closed"])
    expected = {key: (n["received"], n["closed"]) for key, n in counted.items() if any(n.values())}
    assert difference(found, expected) == []
    assert len(expected) > 200


BITS = [(one, other, third) for one in (0, 1) for other in (0, 1) for third in (0, 1)]


# ── activities ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_activities_against_their_plan(sample: Sample, duckdb_built: Warehouse) -> None:
    months = {row["month_id"]: row for row in sample.rows("reporting_month")}
    last_day = known_to(sample)
    within = {(kind, level): span for kind, level, _, span in TARGETS}
    levels = {code: level for code, _, _, level, _ in UNITS}
    spans = periods(sample, [min(row["starts_on"] for row in months.values()), last_day])
    counted: defaultdict[tuple[Any, ...], Counter[str]] = defaultdict(Counter)
    for row in current(sample, "activity"):
        planned, held = row["planned_on"], row["held_on"]
        units = units_at(row | {"received_on": planned})
        level = levels[row["unit_code"]] if units[0][0] == row["unit_code"] else ""
        month = next(name for name, span in months.items() if span["starts_on"] <= planned <= span["ends_on"])
        quarter = f"{month[:4]}-{3 * ceil(int(month[5:]) / 3):02d}"
        span = within.get((row["kind"], level), "day")
        by = {"day": planned, "month": months[month]["ends_on"], "quarter": months[quarter]["ends_on"]}[span]
        became = ("held_in_time" if held <= by else "held_late") if held else "missed" if by <= last_day else "open"
        for period, (first, last) in spans.items():
            n: Counter[str] = Counter()
            if first <= planned <= last:
                n.update(["n_planned", f"n_{became}"])
            if held is not None and first <= held <= last:
                n["n_held"] += 1
                n["n_participants"] += row["participants"] or 0
            for unit in units:
                counted[(*unit, period, row["kind"])].update(n)
    measures = ["n_planned", "n_held_in_time", "n_held_late", "n_missed", "n_open", "n_held", "n_participants"]
    found = rows_of(duckdb_built, "activity_compliance", [*UNIT_PERIOD, "kind"], measures)
    expected = {key: tuple(n[name] for name in measures) for key, n in counted.items() if any(n.values())}
    assert difference(without_zeros(found), expected) == []
    assert [sum(row[place] for row in expected.values()) > 0 for place in range(7)] == [True] * 7

    owed = rows_of(
        duckdb_built,
        "activity_compliance",
        [*UNIT_PERIOD, "kind"],
        ["minimum_per_year", "n_units_owing", "n_units_met"],
    )
    assert difference({key: value for key, value in owed.items() if value[1]}, minimums(counted, spans)) == []
    assert any(value == (2, 1, 0) for value in owed.values())
    assert any(value[1] > 1 and 0 < value[2] < value[1] for value in owed.values())


def known_to(sample: Sample) -> date:
    """The end of the last month of which the sample knows anything."""
    days = [row["held_on"] for row in current(sample, "activity") if row["held_on"]]
    for table, finished, end in (
        ("case", DONE | WITHDRAWN, "settled_on"),
        ("complaint", {"done", "refused"}, "closed_on"),
    ):
        for row in current(sample, table):
            days.append(row["received_on"])
            if row["state"] in finished and unplaced_reason(row, finished, row[end]) is None:
                days.append(row[end])
    months = sample.rows("reporting_month")
    return next(month["ends_on"] for month in months if month["starts_on"] <= max(days) <= month["ends_on"])


def minimums(counted: dict[tuple[Any, ...], Counter[str]], spans: Spans) -> dict[tuple[Any, ...], Any]:
    """Minimum, units owing and units that met it, per unit, year and kind."""
    totals: defaultdict[tuple[Any, ...], list[Any]] = defaultdict(lambda: [None, 0, 0])
    reported = {key[2] for key, n in counted.items() if any(n.values())}
    for period, (first, last) in spans.items():
        if len(period) != 4 or period not in reported:
            continue
        for code, start, _, level, _ in UNITS:
            path = climb(code, last)
            if not path or path[-1][0] not in ("01", "B") or path[0] != (code, start) or start > first:
                continue
            for kind, owing_level, minimum, _ in TARGETS:
                if level != owing_level or minimum is None:
                    continue
                met = counted.get((code, start, period, kind), Counter())["n_held"] >= minimum
                for unit in path:
                    total = totals[(*unit, period, kind)]
                    total[0] = minimum if unit == (code, start) else total[0]
                    total[1] += 1
                    total[2] += met
    return {key: tuple(total) for key, total in totals.items()}
