"""The index, by group of respondents and by the territory of now, against a count over the forms themselves."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date
from fractions import Fraction
from typing import Any

import pytest
from landing_sample import CHANGES, REFORM, Sample
from test_period_predicates import climb, current

from assets.warehouse.engine import Warehouse

Row = dict[str, Any]
Unit = tuple[str, date]
# Instrument T1: its nodes and the items at or under them.
ITEMS = ("F1.1", "F1.2", "F2.1", "F2.2", "F2.3")
UNDER = {"ALL": ITEMS, "A": ITEMS, "F1": ITEMS[:2], "F2": ITEMS[2:]} | {item: (item,) for item in (*ITEMS, "HL")}
VALID, SATISFIED = {"1", "2", "3", "4", "5"}, {"4", "5"}
COUNTS = ("n_forms", "n_forms_answered", "n_answers", "n_satisfied", "n_dont_know")


@pytest.fixture(scope="module")
def forms(sample: Sample) -> list[Row]:
    """The current forms with their answers by item."""
    answers: dict[tuple[str, int], dict[str, str]] = defaultdict(dict)
    for row in sample.rows("survey_answer"):
        answers[row["record_key"], row["delivery_seq"]][row["item_code"]] = row["level"]
    found = [
        row | {"answers": answers[row["record_key"], row["delivery_seq"]]} for row in current(sample, "survey_response")
    ]
    assert len(found) > 20
    return found


def counts_of(form: Row, node: str) -> dict[str, int]:
    given = [form["answers"].get(item) for item in UNDER[node]]
    valid = sum(level in VALID for level in given)
    return {
        "n_forms": 1,
        "n_forms_answered": int(valid > 0),
        "n_answers": valid,
        "n_satisfied": sum(level in SATISFIED for level in given),
        "n_dont_know": sum(level == "9" for level in given),
    }


def months(sample: Sample) -> list[Row]:
    return sample.rows("reporting_month")


def month_of(day: date, sample: Sample) -> str:
    return next(str(row["month_id"]) for row in months(sample) if row["starts_on"] <= day <= row["ends_on"])


def territory_now(form: Row) -> dict[Unit, Fraction]:
    """The units of now that the form counts in, with its share: by the changes as they are written above the sample."""
    code, day = form["unit_code"], form["responded_on"]
    targets = [new for old, new, _ in CHANGES if old == code] if day < REFORM else [code]
    found: dict[Unit, Fraction] = defaultdict(Fraction)
    for target in targets:
        for unit in climb(target, REFORM):
            found[unit] += Fraction(1, len(targets))
    return found


@pytest.mark.parametrize("breakdown", ["sex", "age_band", "education"])
def test_rows_by_group_count_the_forms(
    sample: Sample, forms: list[Row], duckdb_built: Warehouse, breakdown: str
) -> None:
    expected: dict[tuple[str, str, str, str], Counter[str]] = defaultdict(Counter)
    for form in forms:
        for unit, _ in climb(form["unit_code"], form["responded_on"]):
            for node in UNDER:
                key = (unit, month_of(form["responded_on"], sample), node, form[breakdown] or "~")
                expected[key].update(counts_of(form, node))
    rows = duckdb_built.query(
        f"SELECT * FROM marts.sipas_index_breakdown WHERE breakdown = '{breakdown}' AND length(period_id) = 7 "
        "AND period_id NOT LIKE '%Q%' AND period_id NOT LIKE '%H%' AND period_id NOT LIKE '%M%'"
    ).to_pylist()
    found = {
        (row["unit_code"], row["period_id"], row["node_code"], row["breakdown_value"]): {
            name: row[name] for name in COUNTS
        }
        for row in rows
    }
    if breakdown == "education":
        assert found == {}, "nobody was asked, so there is nothing to break down by"
        return
    assert found == {key: {name: counter[name] for name in COUNTS} for key, counter in expected.items()}


def test_groups_add_up_to_all_forms(duckdb_built: Warehouse) -> None:
    sums = ", ".join(f"CAST(sum({name}) AS BIGINT) AS {name}" for name in COUNTS)
    key = "unit_code, unit_valid_from, period_id, instrument_code, node_code"
    parts = duckdb_built.query(
        f"SELECT {key}, breakdown, {sums} FROM marts.sipas_index_breakdown GROUP BY ALL ORDER BY ALL"
    ).to_pylist()
    whole = {
        tuple(row[name] for name in key.split(", ")): {name: row[name] for name in COUNTS}
        for row in duckdb_built.query(f"SELECT {key}, {', '.join(COUNTS)} FROM marts.sipas_index").to_pylist()
    }
    assert {row["breakdown"] for row in parts} == {"sex", "age_band"}
    assert len(parts) == 2 * len(whole)
    for row in parts:
        assert {name: row[name] for name in COUNTS} == whole[tuple(row[name] for name in key.split(", "))]


@pytest.mark.parametrize(
    ("source", "breakdown"),
    [
        ("(SELECT *, '*' AS breakdown_value FROM marts.sipas_index_now)", None),
        ("(SELECT * FROM marts.sipas_index_now_breakdown WHERE breakdown = 'sex')", "sex"),
        ("(SELECT * FROM marts.sipas_index_now_breakdown WHERE breakdown = 'age_band')", "age_band"),
    ],
)
def test_the_territory_of_now_counts_the_forms_in_shares(
    sample: Sample, forms: list[Row], duckdb_built: Warehouse, source: str, breakdown: str | None
) -> None:
    expected: dict[tuple[Unit, str, str, str], dict[str, Fraction]] = defaultdict(lambda: defaultdict(Fraction))
    for form in forms:
        for unit, share in territory_now(form).items():
            for node in UNDER:
                group = (form[breakdown] or "~") if breakdown else "*"
                counts = expected[unit, month_of(form["responded_on"], sample)[:4], node, group]
                for name, number in counts_of(form, node).items():
                    counts[name] += share * number
                    counts[f"{name}_allocated"] += share * number if share < 1 else 0
    rows = duckdb_built.query(f"SELECT * FROM {source} AS mart WHERE length(period_id) = 4").to_pylist()
    found = {
        ((row["unit_code"], row["unit_valid_from"]), row["period_id"], row["node_code"], row["breakdown_value"]): row
        for row in rows
    }
    assert set(found) == set(expected)
    assert any(row["n_forms_allocated"] > 0 for row in rows) and any(row["n_forms_allocated"] == 0 for row in rows)
    for key, counts in expected.items():
        for name, number in counts.items():
            if name in found[key]:
                assert Fraction(found[key][name]) == number, (key, name)
        if counts["n_answers"]:
            share = 100 * counts["n_satisfied"] / counts["n_answers"]
            assert found[key]["index_pct"] == pytest.approx(float(share), abs=1e-9)
        else:
            assert found[key]["index_pct"] is None


def test_both_territories_hold_the_same_forms(duckdb_built: Warehouse) -> None:
    """The province is the same unit before and after, so nothing may be lost or gained on the way to it."""
    reported, now = (
        duckdb_built.query(
            f"SELECT period_id, node_code, {', '.join(COUNTS)} FROM marts.{mart} WHERE unit_code = '01' ORDER BY 1, 2"
        ).to_pylist()
        for mart in ("sipas_index", "sipas_index_now")
    )
    assert reported and reported == now
    communes = duckdb_built.query(
        f"SELECT period_id, node_code, {', '.join(f'sum({name}) AS {name}' for name in COUNTS)} FROM marts.sipas_index_now "
        "WHERE unit_code <> '01' GROUP BY ALL ORDER BY 1, 2"
    ).to_pylist()
    assert communes == now, "nothing stands between communes and province now"
