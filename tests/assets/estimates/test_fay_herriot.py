"""Small-area estimates: the restricted likelihood against a numeric search, and what must hold of any shrinkage."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.stats import multivariate_normal

from assets.estimates.fay_herriot import area_estimates

AREAS = st.lists(st.tuples(st.integers(0, 60), st.integers(1, 60)), min_size=3, max_size=25).map(
    lambda areas: (
        np.array([min(hits, size) / size for hits, size in areas]),
        np.array([float(size) for _, size in areas]),
    )
)


def restricted(variance: float, y: np.ndarray, d: np.ndarray) -> float:  # type: ignore[type-arg]
    """The density of the m − 1 contrasts of y with its first element, which are free of the mean."""
    contrast = np.eye(len(y))[1:] - np.eye(len(y))[0]
    covariance = contrast @ np.diag(variance + d) @ contrast.T
    density: float = multivariate_normal(np.zeros(len(y) - 1), covariance).logpdf(contrast @ y)
    return density


@settings(deadline=None, max_examples=60)
@given(AREAS)
def test_no_variance_is_more_likely(areas: tuple[np.ndarray, np.ndarray]) -> None:  # type: ignore[type-arg]
    share, size = areas
    found = area_estimates(share, size, np.zeros(len(share), dtype=np.int64)).variance[0]
    y, d = np.arcsin(np.sqrt(share)), 1 / (4 * size)
    best = restricted(found, y, d)
    searched = minimize_scalar(
        lambda a: -restricted(a, y, d), bounds=(0, 3), method="bounded", options={"xatol": 1e-10}
    )
    assert best >= -searched.fun - 1e-7
    assert best >= max(restricted(a, y, d) for a in np.r_[0, np.geomspace(1e-6, 2, 30)]) - 1e-7


@settings(deadline=None)
@given(AREAS)
def test_each_area_is_drawn_towards_the_mean_by_its_size(areas: tuple[np.ndarray, np.ndarray]) -> None:  # type: ignore[type-arg]
    share, size = areas
    found = area_estimates(share, size, np.zeros(len(share), dtype=np.int64))
    least, most = np.minimum(share, found.synthetic), np.maximum(share, found.synthetic)
    assert (least - 1e-12 <= found.share).all() and (found.share <= most + 1e-12).all()
    assert ((found.low <= found.share) & (found.share <= found.high)).all()
    assert ((found.low >= 0) & (found.high <= 1)).all()
    order = np.argsort(size)
    assert (np.diff(found.direct_weight[order]) >= -1e-12).all(), "more answers, more weight of their own"


def test_groups_do_not_touch_each_other() -> None:
    rng = np.random.default_rng(79)
    share, size = rng.binomial(30, 0.8, 24) / 30, rng.integers(10, 90, 24).astype(float)
    together = area_estimates(share, size, np.repeat([4, 9], [10, 14]))
    alone = area_estimates(share[10:], size[10:], np.zeros(14, dtype=np.int64))
    assert together.share[10:] == pytest.approx(alone.share, rel=1e-12)
    assert len(set(together.variance[:10])) == 1 and together.variance[0] != together.variance[10]


def test_of_equal_sizes_the_variance_is_the_spread_less_the_sampling_error() -> None:
    share, size = np.array([0.6, 0.7, 0.8, 0.9]), np.full(4, 400.0)
    found = area_estimates(share, size, np.zeros(4, dtype=np.int64))
    assert found.variance == pytest.approx(np.arcsin(np.sqrt(share)).var(ddof=1) - 1 / 1600, rel=1e-10)


def test_where_all_is_sampling_error_every_area_has_the_mean() -> None:
    found = area_estimates(np.array([0.8, 0.82, 0.78]), np.full(3, 20.0), np.zeros(3, dtype=np.int64))
    assert found.variance.tolist() == found.direct_weight.tolist() == [0, 0, 0]
    assert found.share == pytest.approx(found.synthetic)


def test_an_area_where_all_are_satisfied_is_drawn_down() -> None:
    found = area_estimates(np.array([1.0, 0.7, 0.6, 0.8]), np.array([5.0, 60, 60, 60]), np.zeros(4, dtype=np.int64))
    assert found.share[0] < 1 and found.high[0] <= 1


def test_predictions_are_nearer_the_truth_than_direct_estimates() -> None:
    """300 districts of 22 communes with 20 answers each; the intervals hold the truth about as often as they say."""
    rng = np.random.default_rng(282)
    truth = np.sin(np.clip(rng.normal(np.arcsin(np.sqrt(0.85)), 0.06, 300 * 22), 0, np.pi / 2)) ** 2
    share, group = rng.binomial(20, truth) / 20, np.repeat(np.arange(300), 22)
    found = area_estimates(share, np.full(share.shape, 20.0), group)
    assert np.mean((found.share - truth) ** 2) < 0.45 * np.mean((share - truth) ** 2)
    assert 0.93 <= np.mean((found.low <= truth) & (truth <= found.high)) <= 0.98
