"""Coverage of the 95 % intervals on a few cells of the benchmark, with fewer samples and a fixed seed."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.coverage import (
    DESIGNS,
    DRAWN_PER_CLUSTER,
    ITEMS,
    LEAST,
    draw,
    make_population,
    measure,
    measure_simulated,
    stream_bounds,
    without_replacement,
)
from benchmarks.simulated_residents import simulated_questions

DRAWS = 2_000
STREAM, SIMPLE, PROPORTIONAL, CLUSTERED, DISPROPORTIONATE = DESIGNS


@pytest.mark.parametrize("design", [STREAM, SIMPLE, PROPORTIONAL], ids=["stream", "simple", "proportional"])
@pytest.mark.parametrize(("size", "share"), [(30, 0.5), (30, 0.99), (100, 0.8), (400, 0.95)])
def test_an_item_is_covered_at_least_94_times_in_100(design, size: int, share: float) -> None:
    assert measure(design, 1, size, share, DRAWS).covered >= LEAST


@pytest.mark.parametrize("design", [STREAM, SIMPLE, PROPORTIONAL], ids=["stream", "simple", "proportional"])
@pytest.mark.parametrize(("size", "share"), [(30, 0.95), (50, 0.99), (100, 0.8)])
def test_so_are_pooled_items_where_few_are_dissatisfied_with_much(design, size: int, share: float) -> None:
    assert measure(design, ITEMS, size, share, DRAWS).covered >= LEAST


def test_a_wide_interval_is_not_what_covers() -> None:
    """The width of one item is about that of the exact binomial interval: 12.9 points for 90 of 100."""
    assert 12 < measure(SIMPLE, 1, 100, 0.9, DRAWS).width < 13.5


def test_the_design_of_a_clustered_sample_matters() -> None:
    """Estimated with its clusters, and as if people had been drawn one by one."""
    size, share = 400, 0.8
    assert measure(CLUSTERED, ITEMS, size, share, DRAWS).covered >= LEAST
    random = np.random.default_rng(1)
    population = make_population(random, CLUSTERED, share, ITEMS)
    satisfied, answers = population.question(ITEMS)
    low, high = stream_bounds(draw(random, CLUSTERED, population, ITEMS, size, DRAWS), size)
    truth = satisfied.sum() / answers.sum()
    assert np.mean((low <= truth) & (truth <= high)) < 0.93


def test_as_many_forms_are_drawn_as_the_design_says() -> None:
    random = np.random.default_rng(2)
    population = make_population(random, DISPROPORTIONATE, 0.8, 3)
    forms = draw(random, DISPROPORTIONATE, population, 3, 100, 50)[..., 0]
    assert forms.shape == (50, 2) and (forms == 50).all()
    clustered = draw(random, CLUSTERED, make_population(random, CLUSTERED, 0.8, 3), 3, 100, 50)
    assert clustered.shape == (50, 10, 6) and clustered[..., 0].max() == DRAWN_PER_CLUSTER


def test_a_population_has_the_share_asked_for() -> None:
    for design in DESIGNS:
        satisfied, answers = make_population(np.random.default_rng(3), design, 0.9, 5).question(5)
        assert satisfied.sum() / answers.sum() == pytest.approx(0.9, abs=1e-4)


def test_nobody_is_drawn_twice_and_everybody_equally_often() -> None:
    drawn = without_replacement(np.random.default_rng(4), 6, (30_000, 4))
    assert (np.diff(drawn, axis=1) > 0).all()
    subsets, counts = np.unique(drawn, axis=0, return_counts=True)
    assert len(subsets) == 15
    # Chi-square of 14 degrees of freedom: above 36.1 once in 1,000.
    assert ((counts - 2_000) ** 2 / 2_000).sum() < 36.1


def test_so_is_the_known_index_of_the_simulated_population() -> None:
    """The people whom `sipas simulate --survey-round` draws from: its items, and all of them pooled."""
    questions = simulated_questions(seed=1)
    assert [question.name.split()[0] for question in questions] == ["item", "item", "item", "33"]
    assert questions[0].share < questions[1].share < questions[2].share
    for size in (30, 400):
        assert all(measure_simulated(question, size, DRAWS).covered >= LEAST for question in questions)
