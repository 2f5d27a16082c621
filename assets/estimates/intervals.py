"""Confidence intervals of a proportion. The variance of a designed sample, reading and writing stand elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv, expit, stdtrit
from scipy.special import logit as log_odds

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

# Half of what lies outside a 95 % interval.
TAIL = 0.025


@dataclass(frozen=True)
class FormSums:
    """Sums over the forms of a domain, one element per domain. s and n are the satisfied and the valid answers of one form.

    `forms` counts all forms drawn, `forms_answered` those with n > 0; then the sums of n, s, s², s·n and n².
    """

    forms: Integers
    forms_answered: Integers
    answers: Integers
    satisfied: Integers
    satisfied_squared: Integers
    satisfied_answers: Integers
    answers_squared: Integers


@dataclass(frozen=True)
class FormMoments:
    """Sums over the forms of a domain that answer, one element per domain: of w, w·n, w·s, w·s², w·s·n and w·n²."""

    weights: Floats
    answers: Floats
    satisfied: Floats
    satisfied_squared: Floats
    satisfied_answers: Floats
    answers_squared: Floats


@dataclass(frozen=True)
class Estimates:
    """One element per domain, as fractions of 1. `standard_error` is NaN for a single form."""

    proportion: Floats
    standard_error: Floats
    degrees_of_freedom: Integers
    effective_n: Floats
    low: Floats
    high: Floats


def ratio_over_forms(sums: FormSums) -> Estimates:
    """Estimate the share of satisfied answers with its 95 % Korn-Graubard interval; every domain needs an answer.

    Forms are a simple random sample without finite population correction, and the share is a ratio of two totals over
    forms. Standard error by Taylor linearisation: with z = (s − p·n) / Σn, Var = m/(m − 1) · Σz² over the m forms drawn
    (Särndal, Swensson, Wretman 1992, section 5.6; a form without an answer has z = 0 and keeps its place in m). Degrees of
    freedom are the forms that answer less one. The ratio of t quantiles that Korn and Graubard put before n_eff is 1 here,
    for the forms are both the rows and the sampling units.

    n_eff = p(1 − p)/SE², capped at `most_effective_n`. A standard error of 0, or none for want of a second form, says
    nothing of the spread: n_eff is then the number of forms that answer, which gives the Clopper-Pearson bounds.
    """
    if np.any(sums.answers <= 0):
        raise ValueError("A domain without a valid answer has no proportion; leave it out.")
    proportion = sums.satisfied / sums.answers
    variance = _variance(sums)
    has_spread = variance > 0
    spread = np.where(has_spread, variance, 1.0)
    answered = sums.forms_answered.astype(np.float64)
    cap = most_effective_n(
        sums.answers,
        answered,
        FormMoments(
            weights=answered,
            answers=sums.answers.astype(np.float64),
            satisfied=sums.satisfied.astype(np.float64),
            satisfied_squared=sums.satisfied_squared.astype(np.float64),
            satisfied_answers=sums.satisfied_answers.astype(np.float64),
            answers_squared=sums.answers_squared.astype(np.float64),
        ),
    )
    effective_n = np.where(has_spread, np.minimum(proportion * (1 - proportion) / spread, cap), answered)
    low, high = korn_graubard(proportion, effective_n)
    return Estimates(
        proportion=proportion,
        standard_error=np.where(sums.forms > 1, np.sqrt(variance), np.nan),
        degrees_of_freedom=sums.forms_answered - 1,
        effective_n=effective_n,
        low=low,
        high=high,
    )


def korn_graubard(proportion: Floats, effective_n: Floats) -> tuple[Floats, Floats]:
    """Return the bounds of the 95 % interval for proportions with an effective sample size.

    Clopper-Pearson with n_eff in place of n (Korn and Graubard 1998, Survey Methodology 24, 193-201): the lower bound is
    the 2.5 % point of Beta(x, n_eff − x + 1), the upper the 97.5 % point of Beta(x + 1, n_eff − x), x = n_eff · p.
    """
    hits = proportion * effective_n
    misses = (1 - proportion) * effective_n
    with_hits, with_misses = hits > 0, misses > 0
    low = np.where(with_hits, betaincinv(np.where(with_hits, hits, 1.0), misses + 1, TAIL), 0.0)
    high = np.where(with_misses, betaincinv(hits + 1, np.where(with_misses, misses, 1.0), 1 - TAIL), 1.0)
    # The bounds of a tiny n_eff may miss the estimate by a rounding error.
    return np.minimum(low, proportion), np.maximum(high, proportion)


def most_effective_n(answers: Integers, forms: Floats, moments: FormMoments) -> Floats:
    """Return the most independent answers that a domain's answers are taken for: answers / deff*, at most all of them.

    deff* is the design effect of answers within forms, Σw(s − p*n)² / (p*(1 − p*) Σw·n), once one more form of mean weight
    and length joins on which every answer is of the rarer kind. Clopper and Pearson's bound allows for one more case of
    the rarer kind; where one person's answers come together, that case is a form. Without it a sample that happens to
    miss the few people who are dissatisfied with everything takes the answers of the others for independent, and its
    interval is too narrow (see the benchmark of coverage). With one answer per form deff* is 1 and the cap the number of
    answers; with all satisfied it is the mean length of a form and the cap the number of forms.

    The rule is this project's own. `forms` are those that answer.
    """
    weight, length = moments.weights / forms, moments.answers / moments.weights
    satisfied = np.where(2 * moments.satisfied < moments.answers, length, 0.0)
    all_answers = moments.answers + weight * length
    share = (moments.satisfied + weight * satisfied) / all_answers
    squares = (
        moments.satisfied_squared
        + weight * satisfied**2
        - 2 * share * (moments.satisfied_answers + weight * satisfied * length)
        + share**2 * (moments.answers_squared + weight * length**2)
    )
    independent: Floats = answers * (share * (1 - share) * all_answers) / squares
    return np.minimum(independent, answers)


def effective_size(proportion: Floats, variance: Floats, rows: Integers, df: Integers) -> Floats:
    """Return p(1 − p)/SE² times the squared ratio of the t quantiles of `rows` − 1 and `df`, not capped.

    The number of independent answers that would be as precise (Korn and Graubard 1998), as `svyciprop(method = "beta")`
    of R's survey package computes it. Needs a variance above 0, two rows and a degree of freedom.
    """
    quantiles = stdtrit(rows - 1, TAIL) / stdtrit(df, TAIL)
    size: Floats = proportion * (1 - proportion) / variance * quantiles**2
    return size


def logit(proportion: Floats, variance: Floats, df: Integers) -> tuple[Floats, Floats]:
    """Return the bounds logit(p) ± t · SE/(p(1 − p)), transformed back: `svyciprop(method = "xlogit")` of R."""
    reach = stdtrit(df, 1 - TAIL) * np.sqrt(variance) / (proportion * (1 - proportion))
    middle = log_odds(proportion)
    return expit(middle - reach), expit(middle + reach)


def wilson(proportion: Floats, variance: Floats, df: Integers) -> tuple[Floats, Floats]:
    """Return Wilson's bounds for n_eff = p(1 − p)/SE² and z = t, as R's survey package 4.5 prints them.

    Wilson 1927, Journal of the American Statistical Association 22, 209-212. Unlike `effective_size`, n_eff has no
    factor for the degrees of freedom: they are in t.
    """
    size = proportion * (1 - proportion) / variance
    square = stdtrit(df, 1 - TAIL) ** 2
    middle = proportion + square / (2 * size)
    reach = np.sqrt(square * (proportion * (1 - proportion) + square / (4 * size)) / size)
    return (middle - reach) / (1 + square / size), (middle + reach) / (1 + square / size)


def _variance(sums: FormSums) -> Floats:
    """Return the linearised variance, 0 for a single form. The sum of squares is exact: in floats a spread of zero would
    come out as a tiny number, and n_eff as a huge one."""
    answers, satisfied = _exact(sums.answers), _exact(sums.satisfied)
    squares = (
        answers * answers * _exact(sums.satisfied_squared)
        - 2 * answers * satisfied * _exact(sums.satisfied_answers)
        + satisfied * satisfied * _exact(sums.answers_squared)
    )
    forms = _exact(sums.forms)
    others = np.where(sums.forms > 1, forms - 1, 1)
    variance = np.where(sums.forms > 1, squares * forms, 0) / (others * answers**4)
    return np.asarray(variance, dtype=np.float64)


def _exact(values: Integers) -> NDArray[Any]:
    """Return Python integers, which do not overflow."""
    return values.astype(object)
