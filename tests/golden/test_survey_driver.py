"""Relative weights on an overall question, worked out by square roots of matrices instead of eigenvectors."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from golden_landing import evaluated_unit
from golden_pairs import EXPECTED, INPUT, differences, mart_differences, read, scenarios

from assets.warehouse.engine import Warehouse

METHOD, KEYS = "survey_driver", ("predictor_code",)


@pytest.mark.parametrize("scenario", scenarios(METHOD))
def test_the_mart_has_what_the_pair_expects(scenario: str, golden: Warehouse) -> None:
    assert mart_differences(golden, "survey_driver", METHOD, scenario, KEYS, "period_id = '2025-03'") == []


def test_evaluation_forms_of_cases_are_forms_of_their_instrument(golden: Warehouse) -> None:
    """What the pair expects of desk forms that came as survey forms holds for the same that came with their cases."""
    unit = evaluated_unit(METHOD, "desk_form")
    found = golden.query(f"SELECT * FROM marts.survey_driver WHERE unit_code = '{unit}' AND period_id = '2025-03'")
    assert differences(read(METHOD, "desk_form", EXPECTED), found.to_pylist(), KEYS) == []


def test_an_index_made_of_its_items_has_no_drivers(golden: Warehouse) -> None:
    """Regressing a pooled index on its items explains it by itself: only questions of their own are explained."""
    rows = golden.query("SELECT DISTINCT instrument_code, outcome_code FROM marts.survey_driver").to_pylist()
    assert {tuple(row.values()) for row in rows} == {("V2012_MARRIAGE", "HL"), ("TT01_2018", "11")}
    answered = (
        golden.query("SELECT DISTINCT instrument_code FROM marts.sipas_index").column("instrument_code").to_pylist()
    )
    assert {"V2022", "HN2023", "V2017"} <= set(answered)


def test_the_page_works_out_the_pair_of_two_factors() -> None:
    """By the formula of general dominance, which the page prints; the mart's own figures are the pair's."""
    page = (Path(__file__).parents[2] / "docs" / "methods" / "drivers.md").read_text(encoding="utf-8")
    table = {
        code: [cell.strip() for cell in cells.split("|")]
        for code, cells in re.findall(r"^\| (I\.HL|II\.HL|HL) \|(.*)\|$", page, re.MULTILINE)
    }
    given = read(METHOD, "two_factors", INPUT)
    assert table == {code: [row[code] or "" for row in given] for code in ("I.HL", "II.HL", "HL")}
    complete = [[float(cell) for cell in form] for form in zip(*table.values(), strict=True) if "" not in form]
    correlations = np.corrcoef(np.array(complete), rowvar=False)
    between, one, other = correlations[0, 1], correlations[0, 2], correlations[1, 2]
    explained = (one**2 + other**2 - 2 * one * other * between) / (1 - between**2)
    weights = ((one**2 + explained - other**2) / 2, (other**2 + explained - one**2) / 2)
    for said in (
        f"with HL {one:.4f} and {other:.4f}, between the two {between:.4f}",
        f"(1 − {between:.4f}²) = {explained:.4f}",
        f"= **{weights[0]:.4f}** and",
        f"= **{weights[1]:.4f}**\n",
        f"**{100 * weights[0] / explained:.2f}** and **{100 * weights[1] / explained:.2f}**",
    ):
        assert said in page
