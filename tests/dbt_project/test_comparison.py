"""Changes and rankings of reporting periods against an oracle that goes over the rows of the index one by one."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from typing import Any

import pytest
from landing_sample import UNITS, Sample

from assets.warehouse.engine import Warehouse

Row = dict[str, Any]

MONTHS = {
    "Q1": (1, 3),
    "Q2": (4, 3),
    "Q3": (7, 3),
    "Q4": (10, 3),
    "H1": (1, 6),
    "H2": (7, 6),
    "9M": (1, 9),
    "": (1, 12),
}


def span(period_id: str) -> tuple[int, int, int]:
    """Year, first month and number of months: 2025-Q2 is 2025, 4, 3."""
    year, _, rest = period_id.partition("-")
    first, n = MONTHS[rest] if rest in MONTHS else (int(rest), 1)
    return int(year), first, n


def compared(later: str, earlier: str) -> str | None:
    """How the earlier period stands to the later one, if the two are compared."""
    (year, first, n), (year_before, first_before, n_before) = span(later), span(earlier)
    if n != n_before:
        return None
    if (year, first) == (year_before + 1, first_before):
        return "year_before"
    follows = 12 * year + first == 12 * year_before + first_before + n
    return "previous" if follows and n in (1, 3) else None


@pytest.fixture(scope="module")
def index(duckdb_built: Warehouse) -> list[Row]:
    rows: list[Row] = duckdb_built.query("SELECT * FROM marts.sipas_index WHERE n_answers > 0").to_pylist()
    assert rows
    return rows


def unit_of(row: Row) -> tuple[str, date]:
    return row["unit_code"], row["unit_valid_from"]


def test_every_pair_of_periods_is_compared_and_no_other(duckdb_built: Warehouse, index: list[Row]) -> None:
    by_unit: dict[Any, list[Row]] = defaultdict(list)
    for row in index:
        by_unit[unit_of(row), row["instrument_code"], row["node_code"]].append(row)
    expected = {
        (key, later["period_id"], earlier["period_id"]): (kind, later["index_pct"] - earlier["index_pct"])
        for key, rows in by_unit.items()
        for later in rows
        for earlier in rows
        if (kind := compared(later["period_id"], earlier["period_id"]))
    }
    rows = duckdb_built.query("SELECT * FROM marts.sipas_change WHERE basis = 'period'").to_pylist()
    found = {
        (
            (unit_of(row), row["instrument_code"], row["node_code"]),
            row["edition_id"],
            row["previous_edition_id"],
        ): (row["comparison"], pytest.approx(row["change_pct"]))
        for row in rows
    }
    assert len(rows) == len(found) and expected == found
    assert {kind for kind, _ in expected.values()} == {"previous"}, "the sample's answers lie within a year"


def test_units_of_one_parent_are_adjusted_together(duckdb_built: Warehouse) -> None:
    parents = {(code, start): (above, level) for code, start, _, level, above in UNITS}
    families: dict[Any, list[Row]] = defaultdict(list)
    for row in duckdb_built.query("SELECT * FROM marts.sipas_change WHERE p_value IS NOT NULL").to_pylist():
        key = (row["basis"], row["instrument_code"], row["node_code"], row["edition_id"], row["previous_edition_id"])
        families[(*key, parents[unit_of(row)])].append(row)
    assert max(len(rows) for rows in families.values()) == 3, "the three communes of the district"
    for rows in families.values():
        largest = 0.0
        for place, row in enumerate(sorted(rows, key=lambda row: row["p_value"])):
            largest = max(largest, min(1.0, (len(rows) - place) * row["p_value"]))
            assert row["p_adjusted"] == pytest.approx(largest, abs=1e-9)
            assert row["n_tests"] == len(rows)
            beyond = "rise" if row["change_estimate_pct"] > 0 else "fall"
            assert row["direction"] == (beyond if largest < 0.05 else "none")


def last_of(code: str, start: date) -> date:
    """The last day of a unit; one whose stated end overlaps the next unit of its code ends the day before that begins."""
    stop = next(stop for unit, first, stop, *_ in UNITS if (unit, first) == (code, start)) or date.max
    following = [first for unit, first, *_ in UNITS if unit == code and first > start]
    return min([stop, *(first - timedelta(days=1) for first in following)])


def test_ranks_count_the_units_with_a_higher_index(sample: Sample, duckdb_built: Warehouse, index: list[Row]) -> None:
    figures = {(unit_of(row), row["period_id"], row["node_code"]): row["index_pct"] for row in index}
    last_day = {row["month_id"]: row["ends_on"] for row in sample.rows("reporting_month")}
    cells: dict[Any, list[Row]] = defaultdict(list)
    rows = duckdb_built.query("SELECT * FROM marts.sipas_ranking WHERE basis = 'period'").to_pylist()
    for row in rows:
        group = row["group_code"], row["group_valid_from"], row["unit_level"]
        cells[(*group, row["edition_id"], row["node_code"])].append(row)
    for (*_, level, edition, node), units in cells.items():
        year, first, n = span(edition)
        ends_on = last_day[f"{year}-{first + n - 1:02d}"]
        values = {}
        for row in units:
            value = figures.get((unit_of(row), edition, node))
            ended = min(last_of(*unit_of(row)), last_of(row["group_code"], row["group_valid_from"])) < ends_on
            wanted = None if value is not None else "no_data"
            assert row["left_out"] == ("ended" if value is not None and ended else wanted), row
            assert row["index_pct"] == value and row["unit_level"] == level
            if row["left_out"] is None:
                values[unit_of(row)] = value
        for row in units:
            assert (row["n_ranked"], row["n_left_out"]) == (len(values), len(units) - len(values))
            if row["left_out"] is None:
                assert row["index_rank"] == 1 + sum(other > row["index_pct"] for other in values.values())
    ranked = [row for row in rows if row["index_rank"] is not None]
    assert {row["n_ranked"] for row in ranked} >= {1, 3}
    assert {row["left_out"] for row in rows} == {None, "no_data", "ended"}


def test_three_communes_have_model_estimates_beside_the_direct_ones(duckdb_built: Warehouse, index: list[Row]) -> None:
    direct = {(unit_of(row), row["period_id"], row["node_code"]): row for row in index}
    rows = duckdb_built.query("SELECT * FROM marts.sipas_small_area WHERE basis = 'period'").to_pylist()
    assert {row["node_level"] for row in rows} == {"overall", "factor"} and {row["n_areas"] for row in rows} == {3}
    for row in rows:
        one = direct[unit_of(row), row["edition_id"], row["node_code"]]
        for name in ("estimate_pct", "ci_low_pct", "ci_high_pct", "n_eff", "n_forms_answered"):
            assert row[name] == one[name]
        assert row["group_code"] == "282"
