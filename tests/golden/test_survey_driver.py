"""Relative weights on an overall question, worked out by square roots of matrices instead of eigenvectors."""

from __future__ import annotations

import pytest
from golden_pairs import mart_differences, scenarios

from assets.warehouse.engine import Warehouse

METHOD, KEYS = "survey_driver", ("predictor_code",)


@pytest.mark.parametrize("scenario", scenarios(METHOD))
def test_the_mart_has_what_the_pair_expects(scenario: str, golden: Warehouse) -> None:
    assert mart_differences(golden, "survey_driver", METHOD, scenario, KEYS, "period_id = '2025-03'") == []


def test_an_index_made_of_its_items_has_no_drivers(golden: Warehouse) -> None:
    """Regressing a pooled index on its items explains it by itself: only questions of their own are explained."""
    rows = golden.query("SELECT DISTINCT instrument_code, outcome_code FROM marts.survey_driver").to_pylist()
    assert {tuple(row.values()) for row in rows} == {("V2012_MARRIAGE", "HL"), ("TT01_2018", "11")}
    answered = (
        golden.query("SELECT DISTINCT instrument_code FROM marts.sipas_index").column("instrument_code").to_pylist()
    )
    assert {"V2022", "HN2023", "V2017"} <= set(answered)
