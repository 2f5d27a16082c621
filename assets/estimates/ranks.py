"""Confidence sets for the ranks of units by independent estimates. Which units are ranked together stands elsewhere.

The sets are those of Mogstad, Romano, Shaikh and Wilhelm (2024, Review of Economic Studies 91, 476-518): a unit may hold every
rank that no significant difference rules out. They find the critical values of the differences by resampling; here they
follow from known distributions, so that the same data always give the same sets:

- for all units at once, the range of k standard normals divided by √2 (Tukey and Kramer; with unequal variances it is
  conservative: Hayter 1984, The Annals of Statistics 12, 61-75);
- for one unit, its k − 1 differences from the others, which all contain its own error and so are correlated, by λ_a·λ_b with
  λ_a² = SE²/(SE² + SE_a²). The probability that all stay within ±c does not fall when a λ rises (Šidák 1968, The Annals of
  Mathematical Statistics 39, 1425-1434), so the smallest λ² for all of them, rounded down, is conservative too.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.stats import norm, studentized_range

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

# Points of the integrals over a standard normal: the trapezoid rule on a smooth function that vanishes at both ends.
_Z = np.linspace(-9.0, 9.0, 601)
_WEIGHTS = norm.pdf(_Z) * (_Z[1] - _Z[0])

# Correlations are rounded down to a multiple of this; each needs one critical value.
CORRELATION_STEPS = 50


@dataclass(frozen=True)
class RankSets:
    """One element per unit: the first and last rank it may hold, for the unit alone and for all units at once.

    -1 where the unit has no standard error.
    """

    low_marginal: Integers
    high_marginal: Integers
    low_simultaneous: Integers
    high_simultaneous: Integers


def rank_sets(estimates: Floats, errors: Floats, level: float = 0.05) -> RankSets:
    """Return the sets of the units of one group; the largest estimate has rank 1. Errors are above 0, or NaN if not known.

    Normal approximation, estimates independent. A unit without a standard error may stand above or below any other.
    """
    known = np.isfinite(errors)
    unknown = int((~known).sum())
    sets = [np.full(estimates.shape, -1, dtype=np.int64) for _ in range(4)]
    size = int(known.sum())
    if size:
        value, variance = estimates[known], errors[known] ** 2
        # In units of its standard error, how far the unit of the column stands above that of the row.
        ahead = (value[None, :] - value[:, None]) / np.sqrt(variance[None, :] + variance[:, None])
        simultaneous = simultaneous_critical_value(size, level)
        marginal = np.minimum(_marginal_critical_values(variance, level), simultaneous)
        for place, critical in ((0, marginal[:, None]), (2, simultaneous)):
            sets[place][known] = 1 + (ahead > critical).sum(axis=1)
            sets[place + 1][known] = size + unknown - (ahead < -critical).sum(axis=1)
    return RankSets(*sets)


@cache
def simultaneous_critical_value(size: int, level: float) -> float:
    """Return c such that all differences of `size` independent standard normals stay within ±c·√2 with 1 − level."""
    return float(studentized_range.ppf(1 - level, size, np.inf) / np.sqrt(2)) if size > 1 else 0.0


@cache
def marginal_critical_value(differences: int, correlation: float, level: float) -> float:
    """Return c such that that many standard normals, equally correlated, stay within ±c with probability 1 − level."""
    if differences < 1:
        return 0.0
    common, own = np.sqrt(correlation) * _Z, np.sqrt(1 - correlation)

    def excess(critical: float) -> float:
        inside = norm.cdf((critical - common) / own) - norm.cdf((-critical - common) / own)
        return float((_WEIGHTS * inside**differences).sum()) - (1 - level)

    return float(brentq(excess, 0.0, 12.0, xtol=1e-10))


def _marginal_critical_values(variance: Floats, level: float) -> Floats:
    """Return one critical value per unit, by the largest variance among the others."""
    if variance.size < 2:
        return np.zeros(variance.shape)
    second, largest = np.partition(variance, -2)[-2:]
    others = np.where(variance < largest, largest, second)
    steps = np.floor(CORRELATION_STEPS * variance / (variance + others)).astype(int)
    differences = variance.size - 1
    values = {
        step: marginal_critical_value(differences, step / CORRELATION_STEPS, level) for step in set(steps.tolist())
    }
    return np.array([values[step] for step in steps.tolist()])
