"""Completeness and timeliness against a count by hand over the months owed."""

from __future__ import annotations

from collections import Counter
from typing import Any

from assets.warehouse.engine import Warehouse

STATES = ("on_time", "late", "empty", "missing")
Key = tuple[str, str, str, str]


def rows(warehouse: Warehouse, sql: str) -> list[dict[str, Any]]:
    return list(warehouse.query(sql).to_pylist())


def periods_of(month: str) -> list[str]:
    year, number = month[:4], int(month[5:])
    periods = [month, f"{year}-Q{(number + 2) // 3}", f"{year}-H{(number + 5) // 6}", year]
    return periods + ([f"{year}-9M"] if number <= 9 else [])


def test_every_month_owed_is_counted_once_in_each_unit_above_and_period(duckdb_built: Warehouse) -> None:
    owed = rows(duckdb_built, "SELECT * FROM marts.submission_status")
    assert {row["submission_state"] for row in owed} == set(STATES)
    above = {"10441": ["282", "01"], "10465": ["282", "01"]}
    expected: Counter[tuple[str, str, str]] = Counter()
    by_state: Counter[tuple[str, str, str, str]] = Counter()
    late: Counter[tuple[str, str, str]] = Counter()
    for row in owed:
        # From the reform on a commune stands right below the province; 10441 has ended by then.
        is_old = row["period_id"] <= "2025-06" or row["unit_code"] == "10441"
        units = [row["unit_code"], *(above[row["unit_code"]] if is_old else ["01"])]
        for unit in units:
            for dataset in (row["dataset"], "*"):
                for period in periods_of(row["period_id"]):
                    key = (unit, dataset, period)
                    expected[key] += 1
                    by_state[(*key, row["submission_state"])] += 1
                    late[key] += row["submission_state"] == "empty" and row["days_late"] > 0
    found = rows(
        duckdb_built,
        "SELECT unit_code, dataset, period_id, sum(n_expected) AS n_expected, sum(n_empty_late) AS n_empty_late, "
        + ", ".join(f"sum(n_{state}) AS n_{state}" for state in STATES)
        + " FROM marts.submission_rate GROUP BY ALL",
    )
    counted = {(row["unit_code"], row["dataset"], row["period_id"]): row for row in found}
    # A period at the edge of the calendar is not whole and has no row.
    assert counted.keys() <= expected.keys() and len(counted) > 0.9 * len(expected)
    for key, row in counted.items():
        assert row["n_expected"] == expected[key], key
        assert [row[f"n_{state}"] for state in STATES] == [by_state[(*key, state)] for state in STATES], key
        assert row["n_empty_late"] == late[key]


def test_the_shares_are_of_what_was_expected(duckdb_built: Warehouse) -> None:
    for row in rows(duckdb_built, "SELECT * FROM marts.submission_rate"):
        shares = [row[f"{state}_pct"] for state in STATES]
        assert all(0 <= share <= 100 for share in shares) and abs(sum(shares) - 100) < 1e-9
        for state, share in zip(STATES, shares, strict=True):
            assert abs(share - 100 * row[f"n_{state}"] / row["n_expected"]) < 1e-9
        assert row["completeness_pct"] >= row["timeliness_pct"] >= row["on_time_pct"]


def test_a_zero_report_is_not_a_missing_month(duckdb_built: Warehouse) -> None:
    found = rows(
        duckdb_built,
        "SELECT dataset, period_id, submission_state, zero_reported_by FROM marts.submission_status "
        "WHERE unit_code = '10465' AND period_id IN ('2025-03', '2025-04') ORDER BY dataset, period_id",
    )
    assert [tuple(row.values()) for row in found] == [
        ("case", "2025-03", "missing", None),
        ("case", "2025-04", "empty", "statement"),
        ("survey_response", "2025-03", "empty", "file"),
        ("survey_response", "2025-04", "missing", None),
    ]
