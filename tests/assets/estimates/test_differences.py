"""The test of a change against scipy's Welch test and published figures, and Holm's adjustment against its definition."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from public_data import DATA, needs_public_data
from scipy.stats import ttest_ind

from assets.estimates.differences import Differences, difference, error_without_spread, holm


def one(*values: float, covariance: float = np.nan) -> Differences:
    """The difference of one pair: the two estimates, their standard errors and degrees of freedom."""
    return difference(*(np.array([value]) for value in values), covariance=np.array([covariance]))


def test_separate_means_are_compared_as_welch_does() -> None:
    rng = np.random.default_rng(1938)
    later, earlier = rng.binomial(1, 0.8, 40).astype(float), rng.binomial(1, 0.6, 23).astype(float)
    found = one(
        later.mean(), earlier.mean(),
        later.std(ddof=1) / np.sqrt(later.size), earlier.std(ddof=1) / np.sqrt(earlier.size),
        later.size - 1, earlier.size - 1,
    )  # fmt: skip
    wanted = ttest_ind(later, earlier, equal_var=False)
    low, high = wanted.confidence_interval(0.95)
    assert found.p_value[0] == pytest.approx(wanted.pvalue, rel=1e-12)
    assert found.degrees_of_freedom[0] == pytest.approx(wanted.df, rel=1e-12)
    assert (found.low[0], found.high[0]) == pytest.approx((low, high), rel=1e-12)


@needs_public_data
def test_the_published_change_of_kansas_city() -> None:
    # Question q2_01: two waves with other respondents, strata within waves; the published SE of the change is 0.022313.
    values = json.loads((DATA / "survey" / "kcmo_reference_values.json").read_text(encoding="utf-8"))
    first, second, published = (values[f"q2_01_{key}"] for key in ("w1", "w2", "diff"))
    # The standard errors of the waves as R prints them.
    found = one(second["top2"], first["top2"], 0.01589921, 0.01565547, 970, 1012)
    assert found.difference[0] == pytest.approx(published["est"], abs=1e-10)
    assert found.standard_error[0] == pytest.approx(published["se"], abs=1e-8)
    assert (round(published["est"], 6), round(published["se"], 6)) == (0.078481, 0.022313)
    assert found.p_value[0] < 0.001


def test_a_covariance_of_common_units_narrows_the_change() -> None:
    apart = one(0.7, 0.6, 0.05, 0.05, 20, 20)
    together = one(0.7, 0.6, 0.05, 0.05, 20, 25, covariance=0.001)
    assert together.standard_error[0] ** 2 == pytest.approx(apart.standard_error[0] ** 2 - 2 * 0.001)
    assert together.degrees_of_freedom[0] == 20, "the clusters that both share count once"
    assert np.isnan(one(0.7, 0.6, 0.05, 0.05, 20, 25, covariance=0.0026).p_value[0]), "no variance is left"


def test_a_side_without_spread_is_not_taken_for_certain() -> None:
    share, error, n = (
        np.array([1.0, 1.0, 0.0, 0.9]),
        np.array([0.0, np.nan, 0.0, 0.1]),
        np.array([10.0, 1.0, 10.0, 9.0]),
    )
    mended = error_without_spread(share, error, n)
    # Eleven successes and one failure in twelve.
    assert mended[0] == pytest.approx(np.sqrt(11 / 12 * 1 / 12 / 12)) == mended[2]
    assert np.isnan(mended[1]) and mended[3] == 0.1


@pytest.mark.parametrize(("error", "df"), [(np.nan, 3.0), (0.1, 0.0)])
def test_without_two_standard_errors_there_is_no_test(error: float, df: float) -> None:
    found = one(0.9, 0.6, error, 0.1, df, 30)
    assert found.difference[0] == pytest.approx(0.3)
    for values in (found.standard_error, found.degrees_of_freedom, found.low, found.high, found.p_value):
        assert np.isnan(values[0])


SHARE, ERROR, DF = st.floats(0, 1), st.floats(0.001, 0.3), st.integers(1, 500)


@given(SHARE, SHARE, ERROR, ERROR, DF, DF)
def test_looking_back_turns_the_sign_only(a: float, b: float, s: float, r: float, m: int, n: int) -> None:
    there, back = one(a, b, s, r, m, n), one(b, a, r, s, n, m)
    assert there.difference[0] == -back.difference[0]
    assert there.p_value[0] == pytest.approx(back.p_value[0])
    assert there.low[0] == pytest.approx(-back.high[0])
    assert min(m, n) - 1e-6 <= there.degrees_of_freedom[0] <= m + n + 1e-6
    assert there.low[0] <= there.difference[0] <= there.high[0]


def test_the_worked_adjustment() -> None:
    # 0.01·4, 0.02·3, 0.03·2, and 0.04·1 raised to the one before; another family of one and a pair without a test apart.
    p = np.array([0.02, 0.04, np.nan, 0.01, 0.03, 0.2])
    adjusted, tests = holm(p, np.array([7, 7, 7, 7, 7, 3]))
    assert adjusted[[3, 0, 4, 1, 5]] == pytest.approx([0.04, 0.06, 0.06, 0.06, 0.2])
    assert np.isnan(adjusted[2]) and tests.tolist() == [4, 4, 4, 4, 4, 1]


@given(st.lists(st.tuples(st.integers(0, 3), st.one_of(st.none(), st.floats(0, 1))), max_size=25))
def test_holm_is_what_its_definition_says(given_values: list[tuple[int, float | None]]) -> None:
    family = np.array([name for name, _ in given_values], dtype=np.int64)
    p = np.array([np.nan if value is None else value for _, value in given_values])
    adjusted, tests = holm(p, family)
    for name in set(family.tolist()):
        tested = [place for place in range(p.size) if family[place] == name and not np.isnan(p[place])]
        listed = sorted((p[place], place) for place in tested)
        largest = 0.0
        for i, (value, place) in enumerate(listed):
            largest = max(largest, min(1.0, (len(listed) - i) * value))
            assert adjusted[place] == pytest.approx(largest, abs=1e-12)
        assert set(tests[family == name].tolist()) == {len(listed)}
