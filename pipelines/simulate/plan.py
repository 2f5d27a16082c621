"""Who gets how many rows, and which rows carry which planted fault. What a fault looks like stands with each source."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pipelines.simulate.calendar import ReportingMonth, WorkingDays
from pipelines.simulate.profile import Profile, Unit

# Streams of random numbers.
CASES, FORMS, SHEETS, COMPLAINTS, LEDGERS, PORTAL, POPULATION, ROUND = range(1, 9)


@dataclass(frozen=True)
class Scene:
    """Everything the three generators share. `months[0]` is the month before the year: its rows are opening stock."""

    profile: Profile
    units: tuple[Unit, ...]
    months: tuple[ReportingMonth, ...]
    working: WorkingDays
    seed: int
    cases: int
    forms: int
    complaints: int

    @property
    def reported(self) -> tuple[ReportingMonth, ...]:
        """The months of the year that are simulated."""
        return self.months[1:]

    @property
    def as_of(self) -> int:
        """The last day anything is known of."""
        return self.months[-1].ends

    def random(self, stream: int, *place: int) -> np.random.Generator:
        """Return the generator of one place in a stream, so that no place depends on another's volume."""
        return np.random.default_rng([self.seed, stream, *place])

    def random_cell(self, stream: int, unit: Unit, month: int) -> np.random.Generator:
        """Return the generator of one unit and month (place in `months`)."""
        return self.random(stream, int(unit.code), month)

    def volumes(self, total: int, with_opening: bool) -> list[list[int]]:
        """Share `total` rows over months (outer list, as in `months`) and units (inner list), adding up exactly."""
        opening = round(total * self.profile.settings["opening_share"]) if with_opening else 0
        units = [unit.volume for unit in self.units]
        months = self.profile.settings["months"][: len(self.reported)]
        cells = apportion(total - opening, [month * unit for month in months for unit in units])
        width = len(units)
        return [apportion(opening, units), *(cells[at : at + width] for at in range(0, len(cells), width))]


def apportion(total: int, weights: Sequence[float]) -> list[int]:
    """Share a whole number by weights with largest remainders; ties go to the earlier place."""
    whole = sum(weights)
    exact = [total * weight / whole for weight in weights]
    parts = [math.floor(value) for value in exact]
    order = sorted(range(len(weights)), key=lambda at: (parts[at] - exact[at], at))
    for at in order[: total - sum(parts)]:
        parts[at] += 1
    return parts


def plan_dirt(
    random: np.random.Generator, sizes: Sequence[int], shares: Mapping[str, float], largest: int
) -> list[dict[int, str]]:
    """Choose the rows that carry a fault: for each cell a map from row to kind.

    `sizes` are the eligible rows of each cell (0 where none may be touched). Each kind gets its share of the rows, at
    least one and at most `largest`, as long as faults stay a minority; no row is chosen twice.
    """
    total = sum(sizes)
    counts = {kind: min(largest, max(1, round(share * total))) for kind, share in shares.items()}
    kinds = [kind for kind, count in counts.items() for _ in range(count)][: total // 2]
    rows = random.choice(total, size=len(kinds), replace=False) if kinds else np.array([], dtype=np.int64)
    starts = np.concatenate([[0], np.cumsum(sizes)])
    cells = np.searchsorted(starts, rows, side="right") - 1
    plan: list[dict[int, str]] = [{} for _ in sizes]
    for kind, row, cell in zip(kinds, rows.tolist(), cells.tolist(), strict=True):
        plan[cell][row - int(starts[cell])] = kind
    return plan


def plan_sheets(random: np.random.Generator, cells: int, quotas: Mapping[str, float]) -> list[str]:
    """Choose what happens to each of `cells` survey sheets; at least half of them stay ``on_time``."""
    fates = []
    for fate, quota in quotas.items():
        fates += [fate] * (int(quota) if quota >= 1 else max(1, round(quota * cells)))
    fates = fates[: cells // 2]
    plan = ["on_time"] * cells
    for cell, fate in zip(random.permutation(cells)[: len(fates)].tolist(), fates, strict=True):
        plan[cell] = fate
    return plan
