"""Reliability, form quality and drivers against the forms themselves, by the definitions and with numpy's covariances."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import Any

import numpy as np
import pytest
from landing_sample import Sample
from test_period_predicates import climb, current
from test_survey_index import ITEMS, UNDER, VALID, month_of

from assets.warehouse.engine import Warehouse

Row = dict[str, Any]
Place = tuple[str, date, str]
SINGLE = (*ITEMS, "HL")


@pytest.fixture(scope="module")
def forms_of(sample: Sample) -> dict[Place, list[dict[str, str]]]:
    """Unit and period → answers by item of its forms, one entry per form; the months and the year alone."""
    answers: dict[tuple[str, int], dict[str, str]] = defaultdict(dict)
    for row in sample.rows("survey_answer"):
        if row["item_code"] in SINGLE:
            answers[row["record_key"], row["delivery_seq"]][row["item_code"]] = row["level"]
    found: dict[Place, list[dict[str, str]]] = defaultdict(list)
    for row in current(sample, "survey_response"):
        month = month_of(row["responded_on"], sample)
        for unit in climb(row["unit_code"], row["responded_on"]):
            for period in (month, month[:4]):
                found[*unit, period].append(answers[row["record_key"], row["delivery_seq"]])
    return found


def mart(warehouse: Warehouse, name: str, grain: str | None = None) -> dict[tuple[Any, ...], Row]:
    """The rows of the months and the year, by place and the last column of the grain."""
    rows = warehouse.query(f"SELECT * FROM marts.{name}").to_pylist()
    return {
        (row["unit_code"], row["unit_valid_from"], row["period_id"], *([row[grain]] if grain else [])): row
        for row in rows
        if len(row["period_id"]) == 4 or row["period_id"][5:].isdigit()
    }


def scores(forms: list[dict[str, str]], items: tuple[str, ...]) -> np.ndarray[Any, Any]:
    """Form × item, of the forms with a valid answer to every item."""
    complete = [[int(form[item]) for item in items] for form in forms if all(form.get(item) in VALID for item in items)]
    return np.array(complete, dtype=float).reshape(-1, len(items))


def test_alpha_is_that_of_the_covariance_matrix(forms_of: Any, duckdb_built: Warehouse) -> None:
    """α = k/(k − 1) · (1 − trace / sum) of the covariance matrix of the items (Cronbach 1951)."""
    found = mart(duckdb_built, "survey_reliability", "node_code")
    assert set(found) == {(*place, node) for place in forms_of for node in UNDER}
    for (*place, node), row in found.items():
        forms, items = forms_of[tuple(place)], UNDER[node]
        given = [form.get(item) for form in forms for item in items]
        assert (row["n_forms"], row["n_items"], row["n_asked"]) == (len(forms), len(items), len(forms) * len(items))
        assert (row["n_missing"], row["n_dont_know"]) == (given.count(None), given.count("9"))
        assert row["missing_pct"] == pytest.approx(100 * given.count(None) / len(given))
        assert row["dont_know_pct"] == pytest.approx(100 * given.count("9") / len(given))
        table = scores(forms, items)
        assert (row["n_forms_complete"], row["n_forms_incomplete"]) == (len(table), len(forms) - len(table))
        if len(items) == 1:
            assert row["alpha_missing_reason"] == "one_item"
        else:
            covariance = np.cov(table, rowvar=False)
            alpha = len(items) / (len(items) - 1) * (1 - np.trace(covariance) / covariance.sum())
            assert row["alpha"] == pytest.approx(alpha, abs=1e-9)


def test_straight_lining_is_one_level_for_every_answer(forms_of: Any, duckdb_built: Warehouse) -> None:
    found = mart(duckdb_built, "survey_form_quality")
    assert set(found) == set(forms_of)
    for place, row in found.items():
        judged = [set(form.values()) for form in forms_of[place] if len(form) >= 5]
        straight = sum(len(levels) == 1 for levels in judged)
        assert (row["n_items"], row["n_forms"]) == (6, len(forms_of[place]))
        assert (row["n_forms_judged"], row["n_forms_straight"]) == (len(judged), straight)
        assert row["n_forms_not_judged"] == len(forms_of[place]) - len(judged)
        assert row["straight_pct"] == (pytest.approx(100 * straight / len(judged)) if judged else None)
    assert any(row["n_forms_straight"] for row in found.values())


def test_weights_add_up_to_the_r_squared_of_the_regression(forms_of: Any, duckdb_built: Warehouse) -> None:
    found = mart(duckdb_built, "survey_driver", "predictor_code")
    assert set(found) == {(*place, item) for place in forms_of for item in ITEMS}
    assert {row["outcome_code"] for row in found.values()} == {"HL"}
    weighed = 0
    for place, forms in forms_of.items():
        table = scores(forms, SINGLE)
        rows = [found[*place, item] for item in ITEMS]
        assert {row["n_forms_complete"] for row in rows} == {len(table)}
        assert {row["n_forms_incomplete"] for row in rows} == {len(forms) - len(table)}
        if rows[0]["relative_weight"] is None:
            continue
        weighed += 1
        x, y = table[:, :-1] - table[:, :-1].mean(axis=0), table[:, -1] - table[:, -1].mean()
        fitted = x @ np.linalg.lstsq(x, y, rcond=None)[0]
        assert sum(row["relative_weight"] for row in rows) == pytest.approx(fitted @ fitted / (y @ y), abs=1e-8)
        assert sum(row["share_pct"] for row in rows) == pytest.approx(100, abs=1e-6)
        assert [row["correlation"] for row in rows] == pytest.approx(np.corrcoef(table, rowvar=False)[-1, :-1])
        assert {row["caution"] for row in rows} == {"association_few_forms" if len(table) < 50 else "association"}
    assert weighed > 3
