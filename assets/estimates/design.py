"""Design-based estimates of a share from the quadratic forms of its variance. The SQL that sums them stands in the macros.

The formulas are those of R's survey package 4.5 (svyratio, svyciprop); where R has no answer it says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assets.estimates.intervals import (
    Floats,
    FormMoments,
    Integers,
    effective_size,
    korn_graubard,
    logit,
    most_effective_n,
    wilson,
)
from assets.estimates.options import EstimateOptions

Texts = NDArray[np.object_]
Flags = NDArray[np.bool_]

# A variance below this part of the terms it is the difference of is a zero blurred by floating point; so is one below
# the second, in squared weights, for the terms are rounded to 12 decimals before they are added.
ZERO_PART = 1e-12
ZERO = 1e-9

# NCHS, Data Presentation Standards for Proportions (Parker et al. 2017, Vital and Health Statistics 2/175).
LEAST_EFFECTIVE_N = 30
NARROW, WIDE = 0.05, 0.30
MOST_RELATIVE_WIDTH = 1.30
LEAST_DEGREES_OF_FREEDOM = 8


@dataclass(frozen=True)
class QuadraticForm:
    """V_aa, V_ab and V_bb of the weighted totals A (satisfied) and B (valid answers), one element per domain."""

    aa: Floats
    ab: Floats
    bb: Floats

    def of_ratio(self, ratio: Floats) -> Floats:
        """Return the form of A − ratio · B, a blurred zero as 0."""
        terms = self.aa, 2 * ratio * self.ab, ratio * ratio * self.bb
        value = terms[0] - terms[1] + terms[2]
        scale = np.abs(terms[0]) + np.abs(terms[1]) + np.abs(terms[2])
        return np.where(value > ZERO_PART * scale + ZERO, value, 0.0)


@dataclass(frozen=True)
class DomainSums:
    """What the macro `design_variance` gives, one element per domain.

    `first` is the form of the first stage without the strata that drew one unit, `single` that of those units' own
    products, `later` that of the stages after the first. `strata` and `units` count strata and first-stage units with a
    form that answers; `single_strata` and `single_clusters` those that drew one unit of several. `weights` to
    `answers_squared` are sums over the forms that answer of w, w·s², w·s·n and w·n².
    """

    total_satisfied: Floats
    total_answers: Floats
    first: QuadraticForm
    single: QuadraticForm
    later: QuadraticForm
    strata: Integers
    units: Integers
    single_strata: Integers
    single_clusters: Integers
    forms: Integers
    answers: Integers
    weights: Floats
    satisfied_squared: Floats
    satisfied_answers: Floats
    answers_squared: Floats

    @property
    def moments(self) -> FormMoments:
        """The weighted sums over forms, wherever in the design they were drawn."""
        return FormMoments(
            self.weights,
            self.total_answers,
            self.total_satisfied,
            self.satisfied_squared,
            self.satisfied_answers,
            self.answers_squared,
        )


@dataclass(frozen=True)
class DesignEstimates:
    """One element per domain, as fractions of 1; NaN where there is none. Texts are codes, None for no reason."""

    proportion: Floats
    standard_error: Floats
    degrees_of_freedom: Integers
    design_effect: Floats
    effective_n: Floats
    low: Floats
    high: Floats
    presentation: Texts
    reason: Texts
    method: Texts


def estimate_share(sums: DomainSums, options: EstimateOptions) -> DesignEstimates:
    """Estimate the share A / B of each domain with its 95 % interval; every domain needs a weighted answer.

    Var = (V_aa − 2R V_ab + R² V_bb) / B², the variance of the linearised ratio (Särndal, Swensson, Wretman 1992, section
    5.6). Degrees of freedom: first-stage units less strata, among those with a form that answers.

    The interval of Korn and Graubard caps the effective n at `most_effective_n`. A standard error of 0 says nothing of
    the spread: the effective n is then the number of forms that answer, which gives the bounds of Clopper and Pearson.
    Without a degree of freedom there is no interval, unless all are satisfied or none.
    """
    if np.any(sums.total_answers <= 0):
        raise ValueError("A domain without a weighted answer has no share; leave it out.")
    share = sums.total_satisfied / sums.total_answers
    variance = _variance(sums, share, options) / sums.total_answers**2
    df = sums.units - sums.strata
    extreme = (share <= 0) | (share >= 1)
    spread = variance > 0
    zero = (variance == 0) & (extreme | (df > 0))
    has_interval = spread & (df > 0) | zero
    usable = spread & (df > 0)
    safe_df = np.where(usable, df, 1)
    safe_share = np.where(usable, share, 0.5)
    safe_variance = np.where(usable, variance, 1.0)
    uncapped = effective_size(safe_share, safe_variance, np.where(usable, sums.answers, 2), safe_df)
    forms = sums.forms.astype(np.float64)
    effective_n = np.where(usable, np.minimum(uncapped, most_effective_n(sums.answers, forms, sums.moments)), forms)
    low, high = korn_graubard(share, effective_n)
    if options.interval != "korn_graubard":
        bounds = logit if options.interval == "logit" else wilson
        other_low, other_high = bounds(safe_share, safe_variance, safe_df)
        low, high = np.where(usable, other_low, low), np.where(usable, other_high, high)
    low, high = (np.where(has_interval, bound, np.nan) for bound in (low, high))
    presentation, reason = _presentation(sums, share, variance, df, low, high)
    return DesignEstimates(
        proportion=share,
        standard_error=np.sqrt(variance),
        degrees_of_freedom=df,
        design_effect=_design_effect(sums, share, variance),
        effective_n=np.where(has_interval, effective_n, np.nan),
        low=low,
        high=high,
        presentation=presentation,
        reason=reason,
        method=_method(sums, variance, usable, zero, options),
    )


def _variance(sums: DomainSums, share: Floats, options: EstimateOptions) -> Floats:
    """Return the variance of A − R · B; NaN where a single unit leaves it open.

    A stratum or cluster in which one of several units was drawn shows no spread. `fail` gives none; `certainty` counts 0;
    `adjust` takes the unit's distance from the mean of all, which is 0 for a linearised ratio, and in a later stage, where
    the unit is the mean, 0; `average` scales the first stage up by the strata present over those with a spread, and has
    no answer for a later stage, where each cluster is on its own.
    """
    first, single, later = (form.of_ratio(share) for form in (sums.first, sums.single, sums.later))
    if options.single_psu == "fail":
        known = (sums.single_strata == 0) & (sums.single_clusters == 0)
        return np.where(known, first + later, np.nan)
    if options.single_psu == "adjust":
        return first + single + later
    if options.single_psu == "average":
        with_spread = sums.strata - sums.single_strata
        known = (with_spread > 0) & (sums.single_clusters == 0)
        factor = sums.strata / np.where(known, with_spread, 1)
        return np.where(known, first * factor + later, np.nan)
    return first + later


def _design_effect(sums: DomainSums, share: Floats, variance: Floats) -> Floats:
    """Return the variance over that of a simple random sample of as many forms, without replacement where the weights
    say how large the population is (their sum is above the number of forms), as `deff = TRUE` in R; else with, as
    `deff = "replace"`. NaN where forms show no spread."""
    form = QuadraticForm(sums.satisfied_squared, sums.satisfied_answers, sums.answers_squared)
    squares = form.of_ratio(share)
    forms = sums.forms.astype(np.float64)
    rest = np.where(sums.weights > forms, (sums.weights - forms) / sums.weights, 1.0)
    known = (squares > 0) & (sums.forms > 1)
    simple = np.where(known, squares, 1.0) * sums.weights * rest / np.where(known, forms - 1, 1.0)
    return np.where(known, variance * sums.total_answers**2 / simple, np.nan)


def _presentation(
    sums: DomainSums, share: Floats, variance: Floats, df: Integers, low: Floats, high: Floats
) -> tuple[Texts, Texts]:
    """Return show, review or suppress by the standards of the NCHS, and the first rule that decides.

    The effective n counts respondents: it is capped at the forms that answer, whatever the number of their answers.
    """
    forms = sums.forms.astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        effective_n = np.where(variance > 0, np.minimum(forms, share * (1 - share) / variance), forms)
        width = high - low
        relative_width = np.where(share > 0, width / share, np.inf)
    rules = (
        (np.isnan(variance), "suppress", "single_psu"),
        (np.isnan(width), "suppress", "no_degrees_of_freedom"),
        (effective_n < LEAST_EFFECTIVE_N, "suppress", "n_eff_below_30"),
        (width >= WIDE, "suppress", "width_from_30"),
        ((width > NARROW) & (relative_width > MOST_RELATIVE_WIDTH), "suppress", "relative_width_above_130"),
        (df < LEAST_DEGREES_OF_FREEDOM, "review", "df_below_8"),
        ((share <= 0) | (share >= 1), "review", "all_or_none"),
    )
    first = np.select([rule[0] for rule in rules], range(len(rules)), len(rules))
    return _named(first, [*(rule[1] for rule in rules), "show"]), _named(first, [*(rule[2] for rule in rules), None])


def _method(sums: DomainSums, variance: Floats, usable: Flags, zero: Flags, options: EstimateOptions) -> Texts:
    """Return how the interval of each row was made, and what single units counted as where there are any."""
    names = ["taylor_no_se_single_psu", f"taylor_{options.interval}", "taylor_clopper_pearson", "taylor_no_interval"]
    kind = np.select([np.isnan(variance), usable, zero], range(3), 3)
    single = (sums.single_strata + sums.single_clusters > 0) & ~np.isnan(variance)
    return _named(kind + len(names) * single, names + [f"{name}_single_psu_{options.single_psu}" for name in names])


def _named(codes: Integers, names: Sequence[str | None]) -> Texts:
    """Return the name of each code."""
    return np.array(names, dtype=object)[codes]
