"""Criteria below target with their shortfall: the figures of the method page, with the shipped targets and responsibilities."""

from __future__ import annotations

import pytest
from golden_pairs import EXPECTED, mart_differences, read, scenarios

from assets.warehouse.engine import Warehouse

METHOD, KEYS = "improvement_plan", ("period_id", "node_code")


@pytest.mark.parametrize("scenario", scenarios(METHOD))
def test_the_mart_has_what_the_pair_expects(scenario: str, golden: Warehouse) -> None:
    assert mart_differences(golden, METHOD, METHOD, scenario, KEYS) == []


@pytest.mark.parametrize("scenario", scenarios(METHOD))
def test_the_year_lists_no_other_criterion(scenario: str, golden: Warehouse) -> None:
    """A criterion that meets its target is not in the plan."""
    rows = golden.query(
        f"SELECT node_code FROM marts.{METHOD} WHERE unit_code = '{METHOD}_{scenario}' AND period_id = '2023'"
    ).to_pylist()
    assert {row["node_code"] for row in rows} == {row["node_code"] for row in read(METHOD, scenario, EXPECTED)}
