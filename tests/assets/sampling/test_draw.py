"""A draw is a simple random sample in every stratum, the same whatever the order of the rows."""

from __future__ import annotations

import hashlib
import math
import random
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from assets.sampling.draw import draw, repeated


@given(
    sizes=st.dictionaries(st.sampled_from("abcdef"), st.tuples(st.integers(1, 40), st.floats(0, 1)), min_size=1),
    seed=st.integers(0, 2**32),
    shuffling=st.randoms(use_true_random=False),
)
def test_every_stratum_gets_its_size_and_weights_sum_to_its_people(
    sizes: dict[str, tuple[int, float]], seed: int, shuffling: random.Random
) -> None:
    rows = [(stratum, f"{stratum}{number}") for stratum, (people, _) in sizes.items() for number in range(people)]
    wanted = {stratum: max(1, round(share * people)) for stratum, (people, share) in sizes.items()}
    found = draw([stratum for stratum, _ in rows], [name for _, name in rows], wanted, seed)
    assert Counter(row.stratum for row in found) == wanted
    assert len({row.index for row in found}) == len(found)
    for stratum, (people, _) in sizes.items():
        assert math.isclose(sum(row.weight for row in found if row.stratum == stratum), people)
    assert all(math.isclose(row.probability * row.weight, 1) for row in found)

    mixed = rows.copy()
    shuffling.shuffle(mixed)
    again = draw([stratum for stratum, _ in mixed], [name for _, name in mixed], wanted, seed)
    assert [rows[row.index] for row in found] == [mixed[row.index] for row in again]


def test_the_draw_is_the_order_of_the_hashes() -> None:
    """Anybody with the list, the seed and sha256sum can draw again."""
    ids = [f"HD-{number:03d}" for number in range(50)]
    expected = sorted(ids, key=lambda name: hashlib.sha256(f"2024\0{name}".encode()).hexdigest())[:8]
    assert [ids[row.index] for row in draw([""] * 50, ids, {"": 8}, 2024)] == sorted(expected)


def test_a_larger_sample_holds_the_smaller_one_and_another_seed_another() -> None:
    ids = [str(number) for number in range(200)]
    few, many, other = (
        {row.index for row in draw([""] * 200, ids, {"": size}, seed)} for size, seed in ((40, 1), (90, 1), (40, 2))
    )
    assert few < many
    assert few != other


def test_every_pair_of_rows_is_drawn_equally_often() -> None:
    """Chi-square over the 45 pairs of 10 rows in 4,500 draws; the seeds are fixed, so the test does not vary."""
    ids = [str(number) for number in range(10)]
    pairs = Counter(tuple(row.index for row in draw([""] * 10, ids, {"": 2}, seed)) for seed in range(4500))
    assert len(pairs) == 45
    assert chisquare(list(pairs.values())).pvalue > 0.01


def test_rows_without_an_id_of_their_own_are_found() -> None:
    assert repeated(["a", "b", "a", "", "c"]) == [2, 3]
