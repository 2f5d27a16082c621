"""Quadratic forms of the variance from totals by place of a sampling design. The same in SQL, for sums that need no residuals,
is the macro `design_variance`; which places there are and what their stages give is the macro `sampling_places`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from assets.estimates.design import QuadraticForm
from assets.estimates.intervals import Floats, Integers

Product = Callable[[str, str], Floats]


@dataclass(frozen=True)
class Places:
    """The places of one round: one element per row of int_survey_round_place. `psu` is −1 where there is none."""

    stratum: Integers
    psu: Integers
    depth: Integers
    n_1: Floats
    n_2: Floats
    n_3: Floats
    scale_1: Floats
    scale_2: Floats
    scale_3: Floats
    is_single_1: Integers
    rest_1: Floats


@dataclass(frozen=True)
class PlaceTotals:
    """One row per domain, one column per place: totals of a variable's weighted values, or sums of products of two.

    `a` and `b` are totals, `aa`, `ab` and `bb` sums over single forms.
    """

    a: Floats
    b: Floats
    aa: Floats
    ab: Floats
    bb: Floats


def quadratic_forms(totals: PlaceTotals, places: Places) -> tuple[QuadraticForm, QuadraticForm, QuadraticForm]:
    """Return the forms `first`, `single` and `later` of design.DomainSums, one element per domain."""
    in_psu = places.psu >= 0
    psus, first_place = np.unique(places.psu[in_psu], return_index=True)
    where = np.flatnonzero(in_psu)
    to_psu = _indicator(where, np.searchsorted(psus, places.psu[in_psu]), len(in_psu), len(psus))
    representative = where[first_place]
    strata, place_of_stratum, stratum = np.unique(places.stratum, return_index=True, return_inverse=True)
    to_stratum = _indicator(np.arange(len(stratum)), stratum, len(stratum), len(strata))
    psu_to_stratum = _indicator(np.arange(len(psus)), stratum[representative], len(psus), len(strata))

    at_psu = {name: getattr(totals, name) @ to_psu for name in "ab"}
    at_stratum = {name: getattr(totals, name) @ to_stratum for name in "ab"}

    def forms(left: str, right: str) -> tuple[Floats, Floats, Floats]:
        single_forms = getattr(totals, left + right)
        squares = getattr(totals, left) * getattr(totals, right)
        later = np.sum(places.scale_3 * (places.n_3 * single_forms - squares), axis=1)
        # An SSU is a unit of its PSU; else each form is.
        units = np.where(places.depth == 3, squares, single_forms)
        psu_squares = at_psu[left] * at_psu[right]
        later += np.sum(
            places.scale_2[representative] * (places.n_2[representative] * (units @ to_psu) - psu_squares), axis=1
        )
        units = np.where(places.depth == 1, single_forms, 0.0) @ to_stratum + psu_squares @ psu_to_stratum
        stratum_squares = at_stratum[left] * at_stratum[right]
        at = place_of_stratum
        first = np.sum(places.scale_1[at] * (places.n_1[at] * units - stratum_squares), axis=1)
        single = np.sum(places.is_single_1[at] * places.rest_1[at] * stratum_squares, axis=1)
        return first, single, later

    products = [forms(left, right) for left, right in (("a", "a"), ("a", "b"), ("b", "b"))]
    first, single, later = (QuadraticForm(*parts) for parts in zip(*products, strict=True))
    return first, single, later


def _indicator(rows: Integers, columns: Integers, n_rows: int, n_columns: int) -> csr_matrix:
    return csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(n_rows, n_columns))
