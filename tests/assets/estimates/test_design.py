"""What stands beside an estimate: intervals by setting, the presentation flag rule by rule, and what single units count."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from assets.estimates.design import DesignEstimates, DomainSums, QuadraticForm, estimate_share
from assets.estimates.options import EstimateOptions

ZERO = np.zeros(1)


def sample(satisfied: int, forms: int, **changes: Any) -> DomainSums:
    """A simple random sample of one item: m/(m − 1) · Σ(s − p)² is the variance of the total, that of the number is 0."""
    spread = (satisfied - satisfied**2 / forms) * forms / max(forms - 1, 1)
    one, total, number = np.ones(1), np.array([float(satisfied)]), np.array([float(forms)])
    nothing = QuadraticForm(ZERO, ZERO, ZERO)
    count = np.ones(1, dtype=np.int64)
    values: dict[str, Any] = {
        "total_satisfied": total, "total_answers": number, "first": QuadraticForm(spread * one, ZERO, ZERO),
        "single": nothing, "later": nothing, "strata": count, "units": forms * count, "single_strata": 0 * count,
        "single_clusters": 0 * count, "forms": forms * count, "answers": forms * count, "weights": number,
        "satisfied_squared": total, "satisfied_answers": total, "answers_squared": number,
    }  # fmt: skip
    return DomainSums(**values | changes)


def found(sums: DomainSums, **options: Any) -> DesignEstimates:
    return estimate_share(sums, EstimateOptions(**options))


@pytest.mark.parametrize(
    ("satisfied", "forms", "changes", "presentation", "reason"),
    [
        (1500, 2000, {}, "show", None),
        (300, 400, {}, "show", None),
        (20, 29, {}, "suppress", "n_eff_below_30"),
        (20, 40, {}, "suppress", "width_from_30"),
        (3, 100, {}, "suppress", "relative_width_above_130"),
        # Narrow enough whatever it is relative to.
        (3, 2000, {}, "show", None),
        (300, 400, {"units": np.array([8])}, "review", "df_below_8"),
        (300, 300, {}, "review", "all_or_none"),
        (0, 300, {}, "review", "all_or_none"),
        (0, 40, {}, "suppress", "relative_width_above_130"),
        (300, 400, {"units": np.array([1])}, "suppress", "no_degrees_of_freedom"),
        (300, 400, {"single_strata": np.array([1])}, "suppress", "single_psu"),
    ],
)
def test_the_first_rule_decides(
    satisfied: int, forms: int, changes: dict[str, Any], presentation: str, reason: str | None
) -> None:
    estimate = found(sample(satisfied, forms, **changes))
    assert (estimate.presentation[0], estimate.reason[0]) == (presentation, reason)


def test_a_simple_random_sample_has_the_binomial_interval() -> None:
    """28 of 30: Clopper-Pearson [0.779265, 0.991822] and Wilson [0.786765, 0.981523] as published, at n for n − 1."""
    estimate = found(sample(28, 30, first=QuadraticForm(np.array([28 * 2 / 30]), ZERO, ZERO)))
    assert estimate.effective_n[0] == pytest.approx(30)
    assert (estimate.low[0], estimate.high[0]) == pytest.approx((0.779265, 0.991822), abs=1e-6)
    assert estimate.design_effect[0] == pytest.approx(29 / 30)
    wide = sample(28, 30, first=QuadraticForm(np.array([28 * 2 / 30]), ZERO, ZERO), units=np.array([10**7]))
    wilson = found(wide, interval="wilson")
    assert (wilson.low[0], wilson.high[0]) == pytest.approx((0.786765, 0.981523), abs=1e-5)
    assert wilson.method[0] == "taylor_wilson"


@pytest.mark.parametrize("interval", ["korn_graubard", "logit", "wilson"])
def test_no_spread_gives_the_exact_bounds_of_the_forms(interval: str) -> None:
    estimate = found(sample(40, 40), interval=interval)
    assert estimate.standard_error[0] == 0
    assert (estimate.effective_n[0], estimate.method[0]) == (40, "taylor_clopper_pearson")
    assert (estimate.low[0], estimate.high[0]) == (pytest.approx(0.025 ** (1 / 40)), 1)


def test_a_zero_blurred_by_floating_point_is_a_zero() -> None:
    """A third of every form's answers: the terms cancel but for their last bits."""
    third = QuadraticForm(np.array([1e9 / 9]), np.array([1e9 / 3]), np.array([1e9]))
    estimate = found(sample(10, 30, first=third))
    assert estimate.standard_error[0] == 0


def test_what_single_units_count() -> None:
    first, single, later = (QuadraticForm(np.array([value]), ZERO, ZERO) for value in (8.0, 2.0, 1.0))
    parts: dict[str, Any] = {"first": first, "single": single, "later": later, "strata": np.array([4])}
    one = sample(20, 40, **parts, single_strata=np.array([1]))
    errors = {
        policy: found(one, single_psu=policy).standard_error[0] for policy in ("fail", "certainty", "adjust", "average")
    }
    assert np.isnan(errors.pop("fail"))
    expected = {"certainty": 9.0, "adjust": 11.0, "average": 8 * 4 / 3 + 1}
    assert errors == {policy: pytest.approx(variance**0.5 / 40) for policy, variance in expected.items()}
    assert found(one, single_psu="adjust").method[0] == "taylor_korn_graubard_single_psu_adjust"
    cluster = sample(20, 40, **parts, single_clusters=np.array([1]))
    assert np.isnan(found(cluster, single_psu="average").standard_error[0])
    assert found(cluster, single_psu="certainty").standard_error[0] == pytest.approx(3 / 40)


def test_a_domain_without_an_answer_is_refused() -> None:
    with pytest.raises(ValueError, match="leave it out"):
        found(sample(0, 1, total_answers=ZERO))
