"""Working days from receipt to settlement: holidays, a Saturday worked, waiting of unknown length, percentiles."""

from __future__ import annotations

import pytest
from golden_pairs import mart_differences, scenarios

from assets.warehouse.engine import Warehouse

METHOD, KEYS = "working_day_duration", ("period_id",)


@pytest.mark.parametrize("scenario", scenarios(METHOD))
def test_the_mart_has_what_the_pair_expects(scenario: str, golden: Warehouse) -> None:
    assert mart_differences(golden, "case_settlement", METHOD, scenario, KEYS, "procedure_field = '*'") == []
