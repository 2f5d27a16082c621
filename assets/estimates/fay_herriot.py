"""Model estimates of shares in small areas that borrow strength from their neighbours. Which areas are neighbours stands elsewhere.

The model of Fay and Herriot (1979, Journal of the American Statistical Association 74, 269-277) without covariates, on the
arcsine scale: y = arcsin √p has the sampling variance D = 1/(4·n_eff) whatever p is, also at 0 and 1, where a logit has none.

    y_i = μ + u_i + e_i,   u_i ~ (0, A),   e_i ~ (0, D_i)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

# Where the maximum of the likelihood is looked for. Values of y lie within π/2, so their variance cannot reach the last.
_VARIANCES = np.r_[0.0, np.geomspace(1e-8, (np.pi / 2) ** 2, 80)]
# Each halves the bracket between two neighbours of the grid.
_HALVINGS = 60


@dataclass(frozen=True)
class AreaEstimates:
    """`share`, `low`, `high`, `direct_weight` and `synthetic` have one element per area (fractions of 1); `variance` too, each
    area with the A of its group, on the arcsine scale."""

    share: Floats
    low: Floats
    high: Floats
    direct_weight: Floats
    synthetic: Floats
    variance: Floats


class _Groups:
    """Areas in rows of the same group, and sums over the groups."""

    def __init__(self, group: Integers, y: Floats, d: Floats) -> None:
        self.y, self.d = y, d
        self.starts = np.flatnonzero(np.r_[True, group[1:] != group[:-1]])
        self.sizes = np.diff(np.r_[self.starts, group.size])

    def total(self, values: Floats) -> Floats:
        sums: Floats = np.add.reduceat(values, self.starts)
        return sums

    def each(self, per_group: Floats) -> Floats:
        return np.repeat(per_group, self.sizes)

    def mean(self, weight: Floats) -> Floats:
        return self.total(weight * self.y) / self.total(weight)

    def likelihood(self, variance: Floats) -> Floats:
        """Twice the restricted log-likelihood of A, less a constant."""
        weight = 1 / (self.each(variance) + self.d)
        residual = self.y - self.each(self.mean(weight))
        return self.total(np.log(weight) - weight * residual**2) - np.log(self.total(weight))

    def score(self, variance: Floats) -> Floats:
        """Its derivative by A."""
        weight = 1 / (self.each(variance) + self.d)
        residual = self.y - self.each(self.mean(weight))
        total = self.total(weight)
        return self.total((weight * residual) ** 2 - weight) + self.total(weight**2) / total


def area_estimates(shares: Floats, effective_n: Floats, group: Integers, level: float = 0.05) -> AreaEstimates:
    """Return the empirical best linear unbiased predictors of every area; groups of two areas or more, rows of one together.

    A by restricted maximum likelihood, not below 0. With γ_i = A/(A + D_i) the prediction is γ_i·y_i + (1 − γ_i)·μ̂, and share
    and bounds are squared sines of it, the bounds cut at 0 and π/2. Its mean squared error is g1 + g2 + 2·g3 (Prasad and Rao
    1990, Journal of the American Statistical Association 85, 163-171; Datta and Lahiri 2000, Statistica Sinica 10, 613-627):
    g1 = γ_i·D_i, g2 = (1 − γ_i)²/Σw, g3 = D_i²·w_i³·2/Σw², w = 1/(A + D).
    """
    if shares.size == 0:
        return AreaEstimates(*(np.empty(0) for _ in range(6)))
    groups = _Groups(group, np.arcsin(np.sqrt(shares)), 1 / (4 * effective_n))
    variance = groups.each(_restricted_maximum(groups))
    weight = 1 / (variance + groups.d)
    total = groups.each(groups.total(weight))
    mean = groups.each(groups.mean(weight))
    direct = variance * weight
    predicted = direct * groups.y + (1 - direct) * mean
    error = (
        direct * groups.d
        + (1 - direct) ** 2 / total
        + 2 * groups.d**2 * weight**3 * 2 / groups.each(groups.total(weight**2))
    )
    reach = norm.ppf(1 - level / 2) * np.sqrt(error)
    return AreaEstimates(
        share=_back(predicted),
        low=_back(predicted - reach),
        high=_back(predicted + reach),
        direct_weight=direct,
        synthetic=_back(mean),
        variance=variance,
    )


def _back(angle: Floats) -> Floats:
    return np.asarray(np.sin(np.clip(angle, 0.0, np.pi / 2)) ** 2, dtype=np.float64)


def _restricted_maximum(groups: _Groups) -> Floats:
    """Return A per group: the best point of a grid, then the root of the score between its neighbours."""
    tried = np.stack([groups.likelihood(np.full(groups.starts.shape, value)) for value in _VARIANCES])
    best = tried.argmax(axis=0)
    low = _VARIANCES[np.maximum(best - 1, 0)]
    high = _VARIANCES[np.minimum(best + 1, _VARIANCES.size - 1)]
    at_zero = (best == 0) & (groups.score(np.zeros(groups.starts.shape)) <= 0)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        rising = groups.score(middle) > 0
        low, high = np.where(rising, middle, low), np.where(rising, high, middle)
    return np.where(at_zero, 0.0, (low + high) / 2)
