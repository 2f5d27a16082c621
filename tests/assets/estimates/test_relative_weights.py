"""Relative weights against other derivations: least squares, general dominance, and what orthogonal predictors must give."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from assets.estimates.survey_driver import Moments, drivers, relative_weights

Floats = NDArray[np.float64]
FORMS_PER_PREDICTOR = 10


def moments(table: Any) -> Moments:
    """The sums of a table form × question; questions are A, B, … and the last one is Z."""
    values = np.asarray(table, dtype=np.int64)
    names = [*map(chr, range(65, 64 + values.shape[1])), "Z"]
    products = values.T @ values
    return Moments(
        len(values),
        dict(zip(names, map(int, values.sum(axis=0)), strict=True)),
        {(a, b): int(products[i, j]) for i, a in enumerate(names) for j, b in enumerate(names) if a <= b},
    )


def weights_of(table: Any) -> list[dict[str, Any]]:
    return drivers(moments(table), "Z", FORMS_PER_PREDICTOR)


def r_squared(x: Floats, y: Floats) -> float:
    """R² of a regression with a constant, by least squares on the answers themselves."""
    x, y = x - x.mean(axis=0), y - y.mean()
    fitted = x @ np.linalg.lstsq(x, y, rcond=None)[0]
    return float(fitted @ fitted / (y @ y))


@st.composite
def answers(draw: st.DrawFn, predictors: tuple[int, int] = (1, 6)) -> Floats:
    """Forms whose answers on five levels lean on each other."""
    k = draw(st.integers(*predictors))
    n = draw(st.integers(k + 8, 60))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    latent = rng.normal(size=(n, 1)) * draw(st.floats(0, 2)) + rng.normal(size=(n, k + 1))
    return np.clip(np.round(3 + latent), 1, 5)


@settings(max_examples=60, deadline=None)
@given(answers())
def test_weights_are_parts_of_r_squared(table: Floats) -> None:
    rows = weights_of(table)
    if any(row["weight_missing_reason"] for row in rows):
        return
    assert all(row["relative_weight"] >= 0 for row in rows)
    total = sum(row["relative_weight"] for row in rows)
    assert total == pytest.approx(r_squared(table[:, :-1], table[:, -1]), abs=1e-8)
    assert [row["r_squared"] for row in rows] == pytest.approx([total] * len(rows), abs=1e-8)


@settings(max_examples=60, deadline=None)
@given(answers((2, 2)))
def test_two_predictors_have_the_weights_of_general_dominance(table: Floats) -> None:
    """The mean gain in R² over both orders of entry; for two predictors the two methods are the same."""
    rows = weights_of(table)
    if any(row["weight_missing_reason"] for row in rows):
        return
    y, both = table[:, -1], r_squared(table[:, :2], table[:, -1])
    alone = [r_squared(table[:, [place]], y) for place in (0, 1)]
    expected = [(alone[0] + both - alone[1]) / 2, (alone[1] + both - alone[0]) / 2]
    assert [row["relative_weight"] for row in rows] == pytest.approx(expected, abs=1e-8)


@settings(max_examples=30, deadline=None)
@given(answers((2, 6)), st.randoms(use_true_random=False))
def test_neither_order_nor_direction_of_the_questions_matters(table: Floats, chance: Any) -> None:
    order = list(range(table.shape[1] - 1))
    chance.shuffle(order)
    turned = 6 - table[:, :1]
    again = np.hstack([np.hstack([turned, table[:, 1:-1]])[:, order], table[:, -1:]])
    rows, others = weights_of(table), weights_of(again)
    for place, row in zip(order, others, strict=True):
        assert row["relative_weight"] == pytest.approx(rows[place]["relative_weight"], abs=1e-9)
        assert row["weight_missing_reason"] == rows[place]["weight_missing_reason"]
        if rows[place]["correlation"] is not None:
            sign = -1 if place == 0 else 1
            assert row["correlation"] == pytest.approx(sign * rows[place]["correlation"], abs=1e-9)


def test_uncorrelated_predictors_have_their_squared_correlations() -> None:
    design = np.array([(a, b, c) for a in (1, 5) for b in (1, 5) for c in (1, 5)] * 2)
    table = np.column_stack([design, [1, 1, 2, 3, 3, 4, 5, 5, 2, 1, 3, 3, 2, 4, 4, 5]])
    correlations = np.corrcoef(table, rowvar=False)[-1, :-1]
    rows = weights_of(table)
    assert [row["relative_weight"] for row in rows] == pytest.approx(correlations**2, abs=1e-9)
    assert [row["share_pct"] for row in rows] == pytest.approx(100 * correlations**2 / sum(correlations**2), abs=1e-6)


def test_one_predictor_has_all_of_it() -> None:
    [row] = weights_of([(1, 1), (2, 4), (3, 2), (4, 5)])
    assert row["relative_weight"] == pytest.approx(row["correlation"] ** 2) == row["r_squared"]
    assert row["share_pct"] == 100


def test_equal_predictors_share_equally() -> None:
    """Two predictors that are alike but for one pair of forms that mirror each other."""
    table = [(1, 2, 1), (2, 1, 1), (3, 3, 3), (4, 4, 5), (5, 5, 4), (2, 2, 3)]
    one, other = weights_of(table)
    assert one["relative_weight"] == pytest.approx(other["relative_weight"])
    assert one["share_pct"] == pytest.approx(50)


@pytest.mark.parametrize(
    ("table", "reasons"),
    [
        ([(1, 2, 3), (2, 1, 3), (4, 5, 5)], ["too_few_forms"] * 2),
        ([(1, 5, 4), (2, 1, 4), (4, 5, 4), (5, 5, 4)], ["outcome_constant"] * 2),
        ([(1, 5, 4), (2, 5, 1), (4, 5, 4), (5, 5, 4)], [None, "predictor_constant"]),
        ([(5, 5, 4), (5, 5, 1), (5, 5, 4)], ["predictor_constant"] * 2),
        ([(1, 2, 3), (2, 3, 3), (4, 5, 5), (3, 4, 1)], ["collinear"] * 2),
        ([(1, 1, 2, 3), (2, 4, 6, 3), (4, 1, 5, 5), (3, 2, 5, 1), (5, 5, 10, 2), (1, 3, 4, 4)], ["collinear"] * 3),
    ],
)
def test_no_weight_without_a_reason(table: Any, reasons: list[str | None]) -> None:
    rows = weights_of(table)
    assert [row["weight_missing_reason"] for row in rows] == reasons
    for row in rows:
        assert (row.get("relative_weight") is None) == (row["weight_missing_reason"] is not None)
        assert (row.get("caution") is None) == (row["weight_missing_reason"] is not None)


def test_an_outcome_that_nothing_goes_with_has_no_shares() -> None:
    [row] = weights_of([(1, 1), (1, 3), (3, 1), (3, 3)])
    assert (row["relative_weight"], row["r_squared"], row["share_pct"]) == (0, 0, None)


@pytest.mark.parametrize(("forms", "caution"), [(19, "association_few_forms"), (20, "association")])
def test_the_caution_follows_the_forms_per_predictor(forms: int, caution: str) -> None:
    rows = weights_of(([(1, 2, 1), (2, 1, 3), (5, 4, 4), (1, 5, 2)] * 5)[:forms])
    assert {row["caution"] for row in rows} == {caution}


def test_a_singular_matrix_has_no_weights() -> None:
    assert relative_weights(np.ones((2, 2)), np.array([0.5, 0.5])) is None
