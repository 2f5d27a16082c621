"""A stratified simple random sample from a frame, the same wherever it is drawn again. How many stands in size."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Drawn:
    """One row drawn: its index in the frame, its stratum, the chance it had, and 1/chance: the people it stands for."""

    index: int
    stratum: str
    probability: float
    weight: float


def draw(strata: Sequence[str], ids: Sequence[str], sizes: Mapping[str, int], seed: int) -> list[Drawn]:
    """Draw `sizes[stratum]` rows without replacement in every stratum; every row of a stratum has the same chance.

    A row's place in the order of drawing is the SHA-256 of seed and id, a permanent random number (Ohlsson 1995,
    Coordination of samples using permanent random numbers): the draw depends on no library and on no order of the rows,
    anyone who holds the frame can draw it again, and a larger sample with the same seed holds the smaller one.
    Ids are distinct. Returned in the order of stratum and id.
    """
    rows: dict[str, list[int]] = defaultdict(list)
    for index, stratum in enumerate(strata):
        rows[stratum].append(index)
    drawn = []
    for stratum, members in sorted(rows.items()):
        size = sizes[stratum]
        chosen = sorted(members, key=lambda index: _random(seed, ids[index]))[:size]
        probability, weight = size / len(members), len(members) / size
        drawn += [Drawn(index, stratum, probability, weight) for index in sorted(chosen, key=lambda index: ids[index])]
    return drawn


def repeated(ids: Sequence[str]) -> list[int]:
    """Return the indices of rows whose id an earlier row has, or that have none."""
    counts = Counter[str]()
    found = []
    for index, name in enumerate(ids):
        counts[name] += 1
        if not name or counts[name] > 1:
            found.append(index)
    return found


def _random(seed: int, name: str) -> bytes:
    return hashlib.sha256(f"{seed}\0{name}".encode()).digest()
