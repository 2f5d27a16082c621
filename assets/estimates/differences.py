"""The difference of two estimates and its test, and Holm's adjustment over several. Which estimates are compared stands elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

# A variance below this part of what it is the difference of is a zero blurred by floating point.
ZERO_PART = 1e-12


@dataclass(frozen=True)
class Differences:
    """One element per pair, as fractions of 1; NaN throughout where one of the two has no standard error."""

    difference: Floats
    standard_error: Floats
    degrees_of_freedom: Floats
    low: Floats
    high: Floats
    p_value: Floats


def error_without_spread(proportion: Floats, standard_error: Floats, effective_n: Floats) -> Floats:
    """Return the standard errors, with one in place of those that are 0.

    Where all say the same, the spread says nothing. A comparison that took 0 for it would call any distance certain, so the
    variance is that of one success and one failure more: p̃ = (n·p + 1)/(n + 2), p̃(1 − p̃)/(n + 2) with n = n_eff (Agresti
    and Caffo 2000, The American Statistician 54, 280-288). NaN stays NaN.
    """
    mended = (effective_n * proportion + 1) / (effective_n + 2)
    return np.where(standard_error == 0, np.sqrt(mended * (1 - mended) / (effective_n + 2)), standard_error)


def difference(
    later: Floats,
    earlier: Floats,
    later_error: Floats,
    earlier_error: Floats,
    later_df: Floats,
    earlier_df: Floats,
    covariance: Floats,
    level: float = 0.05,
) -> Differences:
    """Test later − earlier = 0 for estimates with standard errors above 0 (or NaN) and degrees of freedom above 0.

    Var = SE₁² + SE₀² − 2·covariance. Separate respondents have none (NaN): the degrees of freedom are then those of
    Satterthwaite (1946, Biometrics Bulletin 2, 110-114), (SE₁² + SE₀²)² / (SE₁⁴/df₁ + SE₀⁴/df₀). Samples with a covariance share
    their clusters, which count once: the smaller of the two. The interval holds 1 − level, the p-value is two-sided, both by
    Student's t. Without a variance above 0 there is no test.
    """
    shared = np.isfinite(covariance)
    apart = later_error**2 + earlier_error**2
    variance = apart - 2 * np.where(shared, covariance, 0.0)
    known = (variance > ZERO_PART * apart) & (later_df > 0) & (earlier_df > 0)
    one, other = np.where(known, later_error, 1.0) ** 2, np.where(known, earlier_error, 1.0) ** 2
    later_df, earlier_df = np.where(known, later_df, 1.0), np.where(known, earlier_df, 1.0)
    error = np.sqrt(np.where(known, variance, 1.0))
    satterthwaite = (one + other) ** 2 / (one**2 / later_df + other**2 / earlier_df)
    df = np.where(shared, np.minimum(later_df, earlier_df), satterthwaite)
    found = later - earlier
    reach = student.ppf(1 - level / 2, df) * error
    p_value = 2 * student.sf(np.abs(found) / error, df)

    def where_known(values: Floats) -> Floats:
        return np.where(known, values, np.nan)

    return Differences(
        difference=found,
        standard_error=where_known(error),
        degrees_of_freedom=where_known(df),
        low=where_known(np.maximum(found - reach, -1.0)),
        high=where_known(np.minimum(found + reach, 1.0)),
        p_value=where_known(p_value),
    )


def holm(p_values: Floats, family: Integers) -> tuple[Floats, Integers]:
    """Return Holm's adjusted p-values and the number of tests within each family; a NaN is no test and stays NaN.

    Sorted within its family of m, the i-th p-value becomes the largest of (m − j + 1)·p_j over j ≤ i, at most 1 (Holm 1979,
    Scandinavian Journal of Statistics 6, 65-70).
    """
    tested = np.flatnonzero(~np.isnan(p_values))
    order = tested[np.lexsort((p_values[tested], family[tested]))]
    sorted_family, sorted_p = family[order], p_values[order]
    starts = np.flatnonzero(np.r_[True, sorted_family[1:] != sorted_family[:-1]]) if order.size else order
    sizes = np.diff(np.r_[starts, order.size])
    size, rank = np.repeat(sizes, sizes), np.arange(order.size) - np.repeat(starts, sizes)
    scaled = np.minimum((size - rank) * sorted_p, 1.0)
    # The running maximum per family: a shift by 2 per family keeps those of earlier families below.
    step = 2.0 * np.repeat(np.arange(starts.size), sizes)
    adjusted = np.full(p_values.shape, np.nan)
    adjusted[order] = np.maximum.accumulate(scaled + step) - step
    tests = np.zeros(p_values.shape, dtype=np.int64)
    names, inverse = np.unique(family, return_inverse=True)
    counted = np.bincount(inverse[tested], minlength=names.size)
    tests[:] = counted[inverse]
    return adjusted, tests
