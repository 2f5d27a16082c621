"""Blank and straight-lined forms."""

from __future__ import annotations

import pytest
from golden_pairs import mart_differences, scenarios

from assets.warehouse.engine import Warehouse

METHOD, KEYS = "survey_form_quality", ("instrument_code",)


@pytest.mark.parametrize("scenario", scenarios(METHOD))
def test_the_mart_has_what_the_pair_expects(scenario: str, golden: Warehouse) -> None:
    assert mart_differences(golden, "survey_form_quality", METHOD, scenario, KEYS, "period_id = '2025-03'") == []
