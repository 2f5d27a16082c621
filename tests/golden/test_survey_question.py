"""Questions other than satisfaction: published shares of options, blanks, and questions nobody answered."""

from __future__ import annotations

import pytest
from golden_pairs import mart_differences, scenarios

from assets.warehouse.engine import Warehouse

METHOD, KEYS = "survey_question", ("period_id", "question_code", "option_code")


@pytest.mark.parametrize("scenario", scenarios(METHOD))
def test_the_mart_has_what_the_pair_expects(scenario: str, golden: Warehouse) -> None:
    assert mart_differences(golden, "survey_question", METHOD, scenario, KEYS) == []
