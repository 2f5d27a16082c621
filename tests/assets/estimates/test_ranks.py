"""Confidence sets of ranks: critical values against known distributions, what must hold of any sets, and their coverage."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import multivariate_normal, norm

from assets.estimates.ranks import marginal_critical_value, rank_sets, simultaneous_critical_value


def test_critical_values_of_two_units_are_those_of_one_normal() -> None:
    assert simultaneous_critical_value(2, 0.05) == pytest.approx(norm.ppf(0.975), abs=1e-9)
    assert marginal_critical_value(1, 0.34, 0.05) == pytest.approx(norm.ppf(0.975), abs=1e-9)
    assert (simultaneous_critical_value(1, 0.05), marginal_critical_value(0, 0.5, 0.05)) == (0, 0)


def test_critical_values_are_those_of_the_tables() -> None:
    # Tukey's range, 5 %: q(3, inf) = 3.314, q(10, inf) = 4.474. Dunnett, two-sided 5 %, correlation 1/2: 2.21 for two
    # comparisons, 2.69 for nine.
    assert simultaneous_critical_value(3, 0.05) * np.sqrt(2) == pytest.approx(3.314, abs=5e-4)
    assert simultaneous_critical_value(10, 0.05) * np.sqrt(2) == pytest.approx(4.474, abs=5e-4)
    assert marginal_critical_value(2, 0.5, 0.05) == pytest.approx(2.21, abs=5e-3)
    assert marginal_critical_value(9, 0.5, 0.05) == pytest.approx(2.69, abs=5e-3)


def test_one_correlation_for_all_is_conservative() -> None:
    """Three differences from a unit, correlated by λ_a·λ_b: the box of the smallest λ holds at least 95 %."""
    squares = np.array([0.2, 0.5, 0.8])
    correlation = np.sqrt(np.outer(squares, squares))
    np.fill_diagonal(correlation, 1)
    critical = marginal_critical_value(3, 0.2, 0.05)
    box = multivariate_normal(np.zeros(3), correlation).cdf(
        np.full(3, critical), lower_limit=np.full(3, -critical), rng=np.random.default_rng(1)
    )
    assert 0.95 <= box < 0.96


Units = tuple[np.ndarray[Any, np.dtype[np.float64]], np.ndarray[Any, np.dtype[np.float64]]]


def as_units(drawn: list[tuple[int, float | None]]) -> Units:
    return np.array([value / 100 for value, _ in drawn]), np.array([error or np.nan for _, error in drawn])


UNITS = st.lists(
    st.tuples(st.integers(0, 100), st.one_of(st.none(), st.floats(0.001, 0.2))), min_size=1, max_size=25
).map(as_units)


@given(UNITS)
def test_sets_hold_the_rank_and_the_wider_one_the_narrower(units: Units) -> None:
    value, error = units
    sets, known = rank_sets(value, error), ~np.isnan(error)
    rank = 1 + (value[None, :] > value[:, None]).sum(axis=1)
    rank_of_known = 1 + (value[None, known] > value[:, None]).sum(axis=1)
    # A unit without an error may stand above or below: it widens the sets of the others.
    for low, high in ((rank_of_known, rank), (sets.low_marginal, sets.high_marginal)):
        assert (sets.low_simultaneous <= low)[known].all() and (high <= sets.high_simultaneous)[known].all()
    assert (sets.low_marginal <= rank_of_known)[known].all() and (rank <= sets.high_marginal)[known].all()
    assert (sets.low_simultaneous >= 1)[known].all() and (sets.high_simultaneous <= len(rank))[known].all()
    assert set(sets.low_marginal[~known]) | set(sets.high_simultaneous[~known]) <= {-1}


@given(UNITS, st.randoms())
def test_the_order_of_units_changes_nothing(units: Units, rng: random.Random) -> None:
    value, error = units
    order = np.array(rng.sample(range(len(value)), len(value)))
    there, back = rank_sets(value, error), rank_sets(value[order], error[order])
    assert there.low_marginal[order].tolist() == back.low_marginal.tolist()
    assert there.high_simultaneous[order].tolist() == back.high_simultaneous.tolist()


def test_units_far_apart_have_their_rank_alone() -> None:
    sets = rank_sets(np.array([0.7, 0.9, 0.5]), np.full(3, 0.01))
    for low, high in ((sets.low_marginal, sets.high_marginal), (sets.low_simultaneous, sets.high_simultaneous)):
        assert low.tolist() == high.tolist() == [2, 1, 3]


def test_units_alike_may_hold_every_rank() -> None:
    sets = rank_sets(np.full(30, 0.8), np.full(30, 0.02))
    assert set(sets.low_marginal) == set(sets.low_simultaneous) == {1}
    assert set(sets.high_marginal) == set(sets.high_simultaneous) == {30}


@pytest.mark.parametrize("spread", [0.0, 0.04, 0.15])
def test_sets_cover_the_true_ranks(spread: float) -> None:
    """2,000 samples of 12 units with unlike errors; a tie of true values may be resolved either way."""
    rng = np.random.default_rng(2024)
    truth = 0.8 - spread * np.arange(12) / 11
    error = np.linspace(0.01, 0.05, 12)[rng.permutation(12)]
    first = 1 + (truth[None, :] > truth[:, None] + 1e-12).sum(axis=1)
    last = 12 - (truth[None, :] < truth[:, None] - 1e-12).sum(axis=1)
    draws = 2000
    alone, together = np.zeros(12), 0
    for _ in range(draws):
        sets = rank_sets(rng.normal(truth, error), error)
        alone += (sets.low_marginal <= first) & (last <= sets.high_marginal)
        together += bool(((sets.low_simultaneous <= first) & (last <= sets.high_simultaneous)).all())
    # Three standard errors of a simulated 95 %.
    least = 0.95 - 3 * np.sqrt(0.95 * 0.05 / draws)
    assert (alone / draws >= least).all() and together / draws >= least
