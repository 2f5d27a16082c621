"""The people that `sipas simulate --survey-round` draws its round from, and what a census of them would find."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipelines.simulate.calendar import WorkingDays, reporting_months
from pipelines.simulate.plan import Scene
from pipelines.simulate.population import Population
from pipelines.simulate.profile import load_profile

# Levels of the form that count as satisfied, and the level of a blank.
SATISFIED, BLANK = 4, 0


@dataclass(frozen=True)
class Question:
    """A question or a pool of questions: satisfied and valid answers, one entry per resident."""

    name: str
    satisfied: npt.NDArray[np.int64]
    valid: npt.NDArray[np.int64]

    @property
    def share(self) -> float:
        """The census's index as a fraction."""
        return float(self.satisfied.sum() / self.valid.sum())


def simulated_questions(seed: int) -> list[Question]:
    """Return the items with the lowest, the median and the highest index in the population, and all items pooled."""
    profile = load_profile()
    year = profile.settings["year"]
    months = tuple(reporting_months(year, profile.settings["cut_off_day"], 1))
    population = Population(Scene(profile, profile.units[:1], months, WorkingDays(year), seed, 1, 1, 1))
    levels = np.concatenate(
        [population.answers(commune, village) for commune in population.communes for village in commune.villages]
    )
    satisfied, valid = (levels >= SATISFIED).astype(np.int64), (levels != BLANK).astype(np.int64)
    by_share = np.argsort(satisfied.sum(axis=0) / valid.sum(axis=0), kind="stable")
    chosen = by_share[[0, len(by_share) // 2, -1]]
    return [
        *(Question(f"item {population.items[place].code}", satisfied[:, place], valid[:, place]) for place in chosen),
        Question(f"{len(by_share)} items pooled", satisfied.sum(axis=1), valid.sum(axis=1)),
    ]
