"""Sizes of samples against the published figures, and against the variance that they promise."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from assets.sampling.size import Precision, share_in_proportion, size_2012, size_by_design, to_approach


@pytest.mark.parametrize(("people", "published"), [(1000, 286), (5000, 370)])
def test_the_rule_of_2012_gives_the_published_sizes(people: int, published: int) -> None:
    assert size_2012(people, 0.05) == published


@pytest.mark.parametrize(
    ("people", "wanted", "published"),
    [
        # Krejcie and Morgan 1970, table 1: p = 0.5, e = 0.05, 95 %, to the nearest; rounded up here.
        (1000, Precision(), 278),
        (100_000, Precision(), 383),
        # An infinite population: 1.959964² · 0.25 / 0.05² = 384.15, and twice that.
        (10**9, Precision(), 385),
        (10**9, Precision(deff=2), 769),
        (10**9, Precision(margin=0.03), 1068),
    ],
)
def test_the_size_by_design_gives_known_sizes(people: int, wanted: Precision, published: int) -> None:
    assert size_by_design(people, wanted) == published


@given(
    people=st.integers(2, 10**7),
    margin=st.floats(0.01, 0.2),
    proportion=st.floats(0.05, 0.95),
    deff=st.floats(1, 5),
    confidence=st.sampled_from([0.9, 0.95, 0.99]),
)
def test_the_size_by_design_is_the_least_that_gives_the_margin(
    people: int, margin: float, proportion: float, deff: float, confidence: float
) -> None:
    def half_width(n: int) -> float:
        variance = deff * proportion * (1 - proportion) / n * (people - n) / (people - 1)
        return float(norm.ppf((1 + confidence) / 2) * variance**0.5)

    n = size_by_design(people, Precision(margin, confidence, proportion, deff))
    assert n <= people
    assert half_width(n) <= margin * (1 + 1e-6)
    assert n == 1 or half_width(n - 1) > margin * (1 - 1e-6)


@given(populations=st.lists(st.integers(1, 10**5), min_size=1, max_size=30), share=st.floats(0.001, 1))
def test_shares_are_near_proportion_and_within_the_strata(populations: list[int], share: float) -> None:
    named = {f"{number:02d}": people for number, people in enumerate(populations)}
    everyone = sum(populations)
    total = max(1, round(share * everyone))
    sizes = share_in_proportion(total, named)
    assert sum(sizes.values()) >= min(total, everyone)
    for name, people in named.items():
        assert min(2, people) <= sizes[name] <= people
        assert abs(sizes[name] - total * people / everyone) < 1 or sizes[name] == min(2, people)


def test_equal_remainders_go_to_the_first_by_name() -> None:
    assert share_in_proportion(7, {"b": 100, "a": 100}) == {"a": 4, "b": 3}


def test_who_to_approach_is_at_most_everybody() -> None:
    assert to_approach(278, 0.7, 1000) == 398
    assert to_approach(7, 0.7, 1000) == 10
    assert to_approach(278, 0.1, 1000) == 1000
