"""What came of the months owed."""

from __future__ import annotations

import pytest
from golden_pairs import mart_differences, scenarios

from assets.warehouse.engine import Warehouse

METHOD, KEYS = "submission_status", ("period_id",)


@pytest.mark.parametrize("scenario", scenarios(METHOD))
def test_the_mart_has_what_the_pair_expects(scenario: str, golden: Warehouse) -> None:
    assert mart_differences(golden, "submission_status", METHOD, scenario, KEYS) == []


def test_completeness_and_timeliness_of_the_worked_example(golden: Warehouse) -> None:
    sql = (
        "SELECT n_expected, n_on_time, n_late, n_empty, n_missing, n_empty_late, n_missing_refused, completeness_pct, "
        "timeliness_pct FROM marts.submission_rate "
        "WHERE unit_code = 'submission_status_zero' AND dataset = '*' AND period_id = '2025-H1'"
    )
    [row] = golden.query(sql).to_pylist()
    *counts, completeness, timeliness = row.values()
    assert counts == [6, 0, 1, 4, 1, 1, 1]
    assert (round(completeness, 2), timeliness) == (83.33, 50)
