"""Sums over the forms of a calibrated survey round, in place of those that SQL makes with the weights as given.

A weighted total over calibrated weights has the variance of its residuals, and every form of the round has one, inside a
domain or not. What the margins explain stands in calibration, reading the forms in calibrated_rounds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from assets.estimates.calibration import Calibration, importance, margin_effects
from assets.estimates.intervals import Floats, Integers
from assets.estimates.place_sums import PlaceTotals


@dataclass(frozen=True)
class RoundForms:
    """The forms of a round, one element each: base weight, cell of the calibration, and place in the design."""

    weight: Floats
    cell: Integers
    place: Integers


@dataclass(frozen=True)
class Members:
    """Which forms make which domains: one element per form and domain it belongs to."""

    form: Integers
    domain: Integers


@dataclass(frozen=True)
class CalibratedSums:
    """One row per domain: weighted totals over calibrated weights and the place totals of their residuals.

    `weights` to `answers_squared` as in design.DomainSums.
    """

    total_satisfied: Floats
    total_answers: Floats
    residuals: PlaceTotals
    weights: Floats
    satisfied_squared: Floats
    satisfied_answers: Floats
    answers_squared: Floats


def calibrated_sums(
    forms: RoundForms,
    calibration: Calibration,
    n_places: int,
    members: Members,
    n_domains: int,
    satisfied: Floats,
    answers: Floats,
) -> CalibratedSums:
    """Return the sums of domains; `satisfied` and `answers` are counts per form."""
    n_cells = len(calibration.factors)
    final = forms.weight * calibration.factors[forms.cell]
    answered = answers[members.form] > 0
    form, of = members.form[answered], members.domain[answered]
    cell, place, s, n = forms.cell[form], forms.place[form], satisfied[form], answers[form]
    w = final[form]

    def by_domain(values: Floats) -> Floats:
        return _sums(of, values, n_domains)

    def by_place(values: Floats) -> Floats:
        return _sums(of * n_places + place, values, n_domains * n_places).reshape(n_domains, n_places)

    counts_as = importance(calibration, forms.weight)
    sizes = _sums(forms.cell, counts_as, n_cells)

    def explained(values: Floats) -> Floats:
        """What the margins explain of the values: one row per domain, one column per cell."""
        sums = []
        for margin in calibration.margins:
            size = len(margin.people)
            group = of * size + margin.categories[cell]
            sums.append(_sums(group, counts_as[form] * values, n_domains * size).reshape(n_domains, size))
        found = np.zeros((n_domains, n_cells))
        for margin, effects in zip(calibration.margins, margin_effects(calibration, sums, sizes), strict=True):
            found += effects[:, margin.categories]
        return found

    # Of every form of the round, by cell and place; few cells have forms in many places.
    everyone, squared = (
        csr_matrix((values, (forms.cell, forms.place)), shape=(n_cells, n_places)) for values in (final, final**2)
    )
    explained_s, explained_n = explained(s), explained(n)
    own_s, own_n = explained_s[of, cell], explained_n[of, cell]
    square = w * w
    residuals = PlaceTotals(
        a=by_place(w * s) - explained_s @ everyone,
        b=by_place(w * n) - explained_n @ everyone,
        aa=by_place(square * s * (s - 2 * own_s)) + explained_s**2 @ squared,
        ab=by_place(square * (s * n - s * own_n - n * own_s)) + (explained_s * explained_n) @ squared,
        bb=by_place(square * n * (n - 2 * own_n)) + explained_n**2 @ squared,
    )
    return CalibratedSums(
        total_satisfied=by_domain(w * s),
        total_answers=by_domain(w * n),
        residuals=residuals,
        weights=by_domain(w),
        satisfied_squared=by_domain(w * s * s),
        satisfied_answers=by_domain(w * s * n),
        answers_squared=by_domain(w * n * n),
    )


def _sums(groups: Integers, values: Floats, n_groups: int) -> Floats:
    return np.asarray(np.bincount(groups, values, n_groups), dtype=np.float64)
