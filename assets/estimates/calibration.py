"""Weights that make a sample add up to known numbers of people, and what that leaves of a variance. No table is read here.

Forms with the same values in every margin make a cell; all weights of a cell are multiplied by one factor, so that sums by
cell are all that is needed. One margin is post-stratification, several are raking (iterative proportional fitting, Deming
and Stephan 1940). The treatment is that of R's survey package (`postStratify`, `rake`, `svyrecvar`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.sparse import csr_matrix

from assets.estimates.intervals import Floats, Integers

# How often svyrecvar takes the means of all margins out of a variable.
SWEEPS = 10


@dataclass(frozen=True)
class Margin:
    """A margin: the category of each cell (from 0), and the people of each category."""

    categories: Integers
    people: Floats

    def totals(self, cells: Floats) -> Floats:
        """Return sums by category of values by cell; the last axis is cells and becomes categories."""
        sums: Floats = cells @ self.membership
        return sums

    def crossed(self, other: Margin, sizes: Floats) -> csr_matrix:
        """Return the sums of sizes by category of this margin (rows) and of the other (columns)."""
        return self.membership.T @ other.membership.multiply(sizes[:, None]).tocsr()

    @cached_property
    def membership(self) -> csr_matrix:
        """Cells (rows) in their categories (columns)."""
        n_cells = len(self.categories)
        ones = np.ones(n_cells)
        return csr_matrix((ones, (np.arange(n_cells), self.categories)), shape=(n_cells, len(self.people)))


@dataclass(frozen=True)
class Calibration:
    """`factors` multiply the weights of each cell; `rounds` over the margins were needed, 1 for a single margin."""

    margins: tuple[Margin, ...]
    factors: Floats
    rounds: int
    converged: bool


def calibrate(weights: Floats, margins: Sequence[Margin], tolerance: float, most_rounds: int) -> Calibration:
    """Return the factors for cells with the given sums of weights; every category needs people, one without weight keeps 1.

    Raking goes over the margins until every one of them holds to within `tolerance` people, or for `most_rounds` rounds. It
    converges when the margins have one total and the cells that the sample has can meet them.
    """
    factors = np.ones_like(weights)
    for number in range(1, most_rounds + 1):
        for margin in margins:
            totals = margin.totals(weights * factors)
            ratios = np.divide(margin.people, totals, out=np.ones_like(totals), where=totals > 0)
            factors = factors * ratios[margin.categories]
        missed = max(float(np.max(np.abs(margin.totals(weights * factors) - margin.people))) for margin in margins)
        if missed < tolerance:
            return Calibration(tuple(margins), factors, number, True)
    return Calibration(tuple(margins), factors, most_rounds, False)


def importance(calibration: Calibration, weights: Floats) -> Floats:
    """Return what each form counts in the means of `margin_effects`: its base weight under one margin, 1 under several.

    So does svyrecvar. Weighted means would suit raking too, and are the same where base weights do not differ.
    """
    return weights if len(calibration.margins) == 1 else np.ones_like(weights)


def margin_effects(calibration: Calibration, sums: Sequence[Floats], sizes: Floats) -> list[Floats]:
    """Return what each margin explains of a variable: one row per domain, one column per category.

    The variance of a total over calibrated weights is that of its residuals (Deville and Särndal 1992): of the variable, 0
    outside the domain, less the effects of the form's categories, for every form of the sample. The means of what is left
    are taken out of each category, margin after margin, ten times over; one margin needs one.

    `sums` are, by margin, the sums of importance times variable over the forms of the domain; `sizes` those of the
    importance by cell, over the whole sample.
    """
    margins = calibration.margins
    crossed = [[other.crossed(margin, sizes) for other in margins] for margin in margins]
    effects: list[Floats] = [np.zeros_like(values) for values in sums]
    for _ in range(SWEEPS):
        for number, margin in enumerate(margins):
            explained = sum(effect @ table for effect, table in zip(effects, crossed[number], strict=True))
            total = margin.totals(sizes)
            mean = np.divide(sums[number] - explained, total, out=np.zeros_like(sums[number]), where=total > 0)
            effects[number] = effects[number] + mean
    return effects


def kish_design_effect(weights: Floats) -> float:
    """Return 1 + CV²(w) = n·Σw²/(Σw)²: what unequal weights alone do to a variance (Kish 1992, J. of Official Statistics 8)."""
    return float(len(weights) * np.sum(weights**2) / np.sum(weights) ** 2)


def trimmed(weights: Floats, limit: float) -> Floats:
    """Return the weights, none above `limit` times their mean before trimming; calibration gives back what is cut off."""
    largest = limit * float(weights.mean())
    return np.minimum(weights, largest)
