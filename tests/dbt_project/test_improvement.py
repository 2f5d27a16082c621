"""The improvement plan against brute force: every form, complaint and target of the sample asked one by one."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from landing_plan import EVIDENCE, RESPONSIBLE, TARGETS
from landing_sample import UNITS, Sample
from test_period_predicates import climb, count_complaint, current, periods, units_at
from test_survey_index import ITEMS, SATISFIED, VALID

from assets.warehouse.engine import Warehouse

Row = dict[str, Any]
Key = tuple[str, date, str, str]
# Nodes with those above them, the nearest first.
ABOVE = (
    {item: (item, item[:2], "A", "ALL") for item in ITEMS}
    | {item[:2]: (item[:2], "A", "ALL") for item in ITEMS}
    | {"HL": ("HL", "ALL"), "A": ("A", "ALL"), "ALL": ("ALL",)}
)
CRITERIA = (*ITEMS, "HL")


@pytest.fixture(scope="module")
def spans(sample: Sample) -> dict[str, tuple[date, date]]:
    """Every period of the calendar."""
    days = [row[name] for row in sample.rows("reporting_month") for name in ("starts_on", "ends_on")]
    return periods(sample, days)


@pytest.fixture(scope="module")
def counts(sample: Sample, spans: dict[str, tuple[date, date]]) -> dict[Key, list[int]]:
    """Valid and satisfied answers by unit, period and item; only where there is a valid one."""
    answers: dict[tuple[str, int], dict[str, str]] = defaultdict(dict)
    for row in sample.rows("survey_answer"):
        answers[row["record_key"], row["delivery_seq"]][row["item_code"]] = row["level"]
    found: dict[Key, list[int]] = defaultdict(lambda: [0, 0])
    for form in current(sample, "survey_response"):
        given = answers[form["record_key"], form["delivery_seq"]]
        for item in CRITERIA:
            if given.get(item) not in VALID:
                continue
            for period, (first, last) in spans.items():
                if first <= form["responded_on"] <= last:
                    for unit in climb(form["unit_code"], form["responded_on"]):
                        cell = found[(*unit, period, item)]
                        cell[0] += 1
                        cell[1] += given[item] in SATISFIED
    return found


@pytest.fixture(scope="module")
def plan(duckdb_built: Warehouse) -> dict[Key, Row]:
    rows = duckdb_built.query("SELECT * FROM marts.improvement_plan").to_pylist()
    found = {key_of(row): row for row in rows}
    assert len(found) == len(rows) > 40
    return found


def key_of(row: Row) -> Key:
    return row["unit_code"], row["unit_valid_from"], row["period_id"], row["node_code"]


def target_of(key: Key, last_day: date) -> Decimal | None:
    """The target as the method page words its precedence: unit, level, all; then nearest node; then instrument; then date."""
    unit, valid_from, _, item = key
    level = next(row[3] for row in UNITS if row[:2] == (unit, valid_from))
    holding = [
        (of_unit is None, of_level is None, ABOVE[item].index(node) if node else 9, instrument is None, -first.toordinal(), goal)
        for of_unit, of_level, instrument, node, first, last, goal in TARGETS
        if of_unit in (None, unit) and of_level in (None, level) and instrument in (None, "T1")
        if (node is None or node in ABOVE[item]) and first <= last_day and (last is None or last_day <= last)
    ]  # fmt: skip
    return Decimal(min(holding)[-1]) if holding else None


@pytest.fixture(scope="module")
def changes(duckdb_built: Warehouse) -> dict[Key, list[Row]]:
    """The comparisons of sipas_change, which has an oracle of its own."""
    found = defaultdict(list)
    for row in duckdb_built.query("SELECT * FROM marts.sipas_change WHERE basis = 'period'").to_pylist():
        found[key_of(row | {"period_id": row["edition_id"]})].append(row)
    return found


def test_the_rows_are_the_criteria_below_target_or_falling(
    counts: dict[Key, list[int]],
    spans: dict[str, tuple[date, date]],
    plan: dict[Key, Row],
    changes: dict[Key, list[Row]],
) -> None:
    targets = {key: target_of(key, spans[key[2]][1]) for key in counts}
    below = {
        key
        for key, (n, s) in counts.items()
        if (goal := targets[key]) is not None and 100 * Decimal(s) / Decimal(n) < goal
    }
    falling = {key for key in counts if any(row["direction"] == "fall" for row in changes.get(key, []))}
    assert set(plan) == below | falling
    assert 0 < len(below) < len(counts)
    assert below & falling and falling - below and below - falling
    assert {Decimal(str(row["target_pct"])) for row in plan.values()} > {Decimal("101"), Decimal("52"), Decimal("60")}
    for key, row in plan.items():
        n, s = counts[key]
        goal = targets[key]
        assert row["reason"] == ("both" if key in below & falling else "falling" if key in falling else "below_target")
        assert (row["n_answers"], row["n_satisfied"]) == (n, s)
        assert row["index_pct"] == pytest.approx(100 * s / n)
        assert row["gap_pct"] == (None if goal is None else pytest.approx(float(goal) - 100 * s / n))
        compared = sorted(
            changes.get(key, []), key=lambda row: (row["direction"] != "fall", row["comparison"] != "previous")
        )
        shown = [row["previous_period_id"], row["change_pct"], row["p_adjusted"], row["change_direction"]]
        names = ("previous_edition_id", "change_pct", "p_adjusted", "direction")
        assert shown == ([compared[0][name] for name in names] if compared else [None] * 4)


def test_every_index_stands_beside_its_target(spans: dict[str, tuple[date, date]], duckdb_built: Warehouse) -> None:
    rows = {key_of(row): row for row in duckdb_built.query("SELECT * FROM marts.sipas_target").to_pylist()}
    expected = {}
    for row in duckdb_built.query("SELECT * FROM marts.sipas_index WHERE instrument_code = 'T1'").to_pylist():
        goal = target_of(key_of(row), spans[row["period_id"]][1])
        if row["index_pct"] is not None and goal is not None:
            below = 100 * Decimal(row["n_satisfied"]) < goal * Decimal(row["n_answers"])
            expected[key_of(row)] = (row["node_level"], row["index_pct"], float(goal), "yes" if below else "no")
    names = ("node_level", "index_pct", "target_pct", "is_below")
    assert {key: tuple(row[name] for name in names) for key, row in rows.items() if key in expected} == expected
    assert {row["instrument_code"] for key, row in rows.items() if key not in expected} <= {"T0"}
    found = {(row["node_level"], row["is_below"]) for row in rows.values()}
    assert found == {(level, below) for level in ("item", "factor", "area", "overall") for below in ("yes", "no")}


def test_contributions_are_shares_of_the_shortfall(
    counts: dict[Key, list[int]], plan: dict[Key, Row], duckdb_built: Warehouse
) -> None:
    overall = {
        (row["unit_code"], row["unit_valid_from"], row["period_id"]): row["index_pct"]
        for row in duckdb_built.query("SELECT * FROM marts.sipas_index WHERE node_code = 'ALL'").to_pylist()
    }
    added: Counter[Any] = Counter()
    contributions = {}
    for key, (n, s) in counts.items():
        if key[3] not in ITEMS:
            continue
        everyone = sum(counts[(*key[:3], item)][0] for item in ITEMS if (*key[:3], item) in counts)
        contributions[key] = n * (100 - 100 * s / n) / everyone
        added[key[:3]] += contributions[key]
    for place, total in added.items():
        assert total == pytest.approx(100 - overall[place])
    assert any(key[3] == "HL" for key in plan)
    for key, row in plan.items():
        if key[3] == "HL":
            # Answers for the whole are not pooled with those of the items.
            assert row["contribution_pct"] is row["contribution_rank"] is None
            continue
        assert row["contribution_pct"] == pytest.approx(contributions[key])
        larger = sum(contributions.get((*key[:3], item), -1.0) > contributions[key] + 1e-9 for item in ITEMS)
        assert row["contribution_rank"] == 1 + larger


def test_evidence_counts_the_complaints_and_late_cases_that_bear(
    sample: Sample, spans: dict[str, tuple[date, date]], plan: dict[Key, Row], duckdb_built: Warehouse
) -> None:
    expected: Counter[tuple[Any, ...]] = Counter()
    for complaint in current(sample, "complaint"):
        of_class, topic = complaint["class"] or "~", complaint["topic"] or "~"
        bears = {
            (item, kind)
            for node, kind, class_, about in EVIDENCE
            if kind != "case_late" and class_ in (None, of_class) and about in (None, topic)
            for item in ABOVE
            if node in ABOVE[item]
        }
        for period, (first, last) in spans.items():
            counted = count_complaint(complaint, first, last)
            n = {"complaint": counted["n_received"], "complaint_late": counted["n_closed_late"]}
            for unit in units_at(complaint):
                for item, kind in bears:
                    if n[kind] and (*unit, period, item) in plan:
                        expected[(*unit, period, item, kind, of_class, topic)] += n[kind]
    # Counts of cases are tested against their own oracle.
    for row in duckdb_built.query("SELECT * FROM marts.case_settlement WHERE procedure_field = '*'").to_pylist():
        late = row["n_settled_late"] + row["n_pending_overdue"]
        for item in ITEMS:
            key = (row["unit_code"], row["unit_valid_from"], row["period_id"], item)
            if late and key in plan:
                expected[(*key, "case_late", "*", "*")] += late
    rows = duckdb_built.query("SELECT * FROM marts.improvement_evidence").to_pylist()
    assert {(*key_of(row), row["kind"], row["class"], row["topic"]): row["n_records"] for row in rows} == expected
    assert {key[4] for key in expected} == {"complaint", "complaint_late", "case_late"}

    bearing = {"n_complaints": {"F1.1", "F1.2", "F2.2"}, "n_complaints_late": {"F2.1"}, "n_cases_late": set(ITEMS)}
    kinds = {"n_complaints": "complaint", "n_complaints_late": "complaint_late", "n_cases_late": "case_late"}
    for key, row in plan.items():
        for name, items in bearing.items():
            total = sum(n for group, n in expected.items() if group[:4] == key and group[4] == kinds[name])
            assert row[name] == (total if key[3] in items else None)


def test_the_nearest_node_says_who_is_responsible(plan: dict[Key, Row]) -> None:
    named = {node: (lead, executing) for node, lead, executing in RESPONSIBLE}
    for key, row in plan.items():
        lead, executing = next(named[node] for node in ABOVE[key[3]] if node in named)
        assert (row["lead_vi"], row["executing_vi"]) == (lead, executing)
        assert (row["lead_en"], row["executing_en"]) == (f"{lead} (en)", f"{executing} (en)")
    assert len({row["lead_vi"] for row in plan.values()}) == 3
