"""Settlement of cases: the period predicates over a month end, no due dates, and the published counts of a portal."""

from __future__ import annotations

import pytest
from golden_pairs import mart_differences, scenarios

from assets.warehouse.engine import Warehouse

METHOD, KEYS = "case_settlement", ("period_id",)


@pytest.mark.parametrize("scenario", scenarios(METHOD))
def test_the_mart_has_what_the_pair_expects(scenario: str, golden: Warehouse) -> None:
    assert mart_differences(golden, "case_settlement", METHOD, scenario, KEYS, "procedure_field = '*'") == []


@pytest.mark.parametrize(
    ("level", "published"),
    [("1_2", ("48.6", "40.0", "7.7")), ("3", ("70.3", "19.1", "7.0")), ("4", ("59.1", "24.1", "16.6"))],
)
def test_published_shares_have_the_settled_cases_as_base(
    golden: Warehouse, level: str, published: tuple[str, ...]
) -> None:
    """Domain reference T7. The shares leave the cases without a due date in the base, so they do not add up to 100."""
    [row] = golden.query(
        "SELECT * FROM marts.case_settlement WHERE procedure_field = '*' AND period_id = '2025-03'"
        f" AND unit_code = 'case_settlement_t7_level_{level}'"
    ).to_pylist()
    counts = (row["n_settled_early"], row["n_settled_on_day"], row["n_settled_late"])
    assert tuple(f"{100 * count / row['n_settled']:.1f}" for count in counts) == published
    assert row["n_settled_no_due_date"] == row["n_settled"] - sum(counts) > 0
    assert row["n_with_due_date"] == sum(counts)
