"""How many respondents a survey needs, and how they are shared among strata. Who is drawn stands in draw.

Formulas are for a share of satisfied people, sizes in people.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from scipy.stats import norm

# A stratum of one respondent has no variance to estimate.
LEAST_PER_STRATUM = 2


@dataclass(frozen=True)
class Precision:
    """What is wanted: half-width of the interval and its confidence, the share expected and the design effect."""

    margin: float = 0.05
    confidence: float = 0.95
    proportion: float = 0.5
    deff: float = 1.0


def size_2012(population: int, margin: float) -> int:
    """Return n = N / (1 + N·e²), rounded to the nearest whole number.

    The rule of the ministry's training text for the surveys under QĐ 1383/QĐ-BNV (2012), Yamane's simplification for
    95 % confidence and p = 0.5 with 2 in place of 1.96. N = 1,000 gives 286 and N = 5,000 gives 370 with e = 5 %.
    """
    return math.floor(population / (1 + population * margin**2) + 0.5)


def size_by_design(population: int, wanted: Precision) -> int:
    """Return the least n of N that gives the margin: D·n0 / (1 + (D·n0 − 1)/N), n0 = z²·p·(1 − p)/e², rounded up.

    Cochran 1977, Sampling Techniques, section 4.4, with n0 multiplied by the design effect D, the variance of the design
    over that of a simple random sample with replacement.
    """
    z = float(norm.ppf((1 + wanted.confidence) / 2))
    infinite = wanted.deff * z**2 * wanted.proportion * (1 - wanted.proportion) / wanted.margin**2
    # A whole number is not pushed up by a rounding error.
    return min(population, math.ceil(infinite / (1 + (infinite - 1) / population) - 1e-9))


def share_in_proportion(total: int, populations: Mapping[str, int]) -> dict[str, int]:
    """Share `total` among strata in proportion to their populations (largest remainders; ties to the first by name).

    No stratum gets more than it holds; each gets at least two, or all of it, so the sum may exceed `total`.
    """
    everyone = sum(populations.values())
    exact = {name: total * size / everyone for name, size in populations.items()}
    sizes = {name: math.floor(share) for name, share in exact.items()}
    by_remainder = sorted(exact, key=lambda name: (sizes[name] - exact[name], name))
    for name in by_remainder[: total - sum(sizes.values())]:
        sizes[name] += 1
    return {name: min(max(size, LEAST_PER_STRATUM), populations[name]) for name, size in sizes.items()}


def to_approach(size: int, response_rate: float, population: int) -> int:
    """Return how many people to approach so that `size` answer, at most all of them."""
    return min(population, math.ceil(size / response_rate - 1e-9))
