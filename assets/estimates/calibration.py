"""Weights that make a sample add up to known numbers of people, and what that leaves of a variance. No table is read here.

Forms with the same values in every margin make a cell; all weights of a cell are multiplied by one factor, so that sums by
cell are all that is needed. One margin is post-stratification, several are raking (iterative proportional fitting, Deming
and Stephan 1940). The treatment is that of R's survey package (`postStratify`, `rake`, `svyrecvar`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

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
        indicator = (self.categories[:, None] == np.arange(len(self.people))).astype(np.float64)
        sums: Floats = cells @ indicator
        return sums


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


@dataclass(frozen=True)
class CellSums:
    """Sums of one variable by cell, one row per domain, over the forms of the domain: with base weights, and plain."""

    weighted: Floats
    plain: Floats


def predictions(calibration: Calibration, sums: CellSums, weights: Floats, forms: Floats) -> Floats:
    """Return what the margins explain of a variable: one row per domain, one column per cell, the same for all its forms.

    The variance of a total over calibrated weights is that of the residuals variable − prediction (0 outside the domain
    less the prediction, for every form of the sample), Deville and Särndal 1992. `weights` and `forms` are the sums of base
    weights and the numbers of forms by cell, of the whole sample.

    Post-stratification predicts the weighted mean of the post-stratum. For raking svyrecvar takes the plain mean of each
    category out of what is left, margin after margin, ten times over; so does this.
    """
    if len(calibration.margins) == 1:
        [margin] = calibration.margins
        means = margin.totals(sums.weighted) / margin.totals(weights)
        of_cells: Floats = means[:, margin.categories]
        return of_cells
    explained: Floats = np.zeros_like(sums.plain)
    for _ in range(SWEEPS):
        for margin in calibration.margins:
            left = margin.totals(sums.plain - forms * explained)
            explained = explained + (left / margin.totals(forms))[:, margin.categories]
    return explained


def kish_design_effect(weights: Floats) -> float:
    """Return 1 + CV²(w) = n·Σw²/(Σw)²: what unequal weights alone do to a variance (Kish 1992, J. of Official Statistics 8)."""
    return float(len(weights) * np.sum(weights**2) / np.sum(weights) ** 2)


def trimmed(weights: Floats, limit: float) -> Floats:
    """Return the weights, none above `limit` times their mean before trimming; calibration gives back what is cut off."""
    largest = limit * float(weights.mean())
    return np.minimum(weights, largest)
