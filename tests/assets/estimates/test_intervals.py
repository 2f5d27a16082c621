"""Intervals against published values (R's survey 4.5, binomial tables) and against a form-by-form computation."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from public_data import DATA, needs_public_data

from assets.estimates.intervals import (
    Estimates,
    FormMoments,
    FormSums,
    korn_graubard,
    most_effective_n,
    ratio_over_forms,
)

# One form: satisfied and valid answers.
Form = tuple[int, int]


def estimate(*domains: list[Form]) -> Estimates:
    def total(function: Any) -> np.ndarray[Any, np.dtype[np.int64]]:
        return np.array([sum(function(s, n) for s, n in forms) for forms in domains], dtype=np.int64)

    return ratio_over_forms(
        FormSums(
            forms=total(lambda s, n: 1),
            forms_answered=total(lambda s, n: n > 0),
            answers=total(lambda s, n: n),
            satisfied=total(lambda s, n: s),
            satisfied_squared=total(lambda s, n: s * s),
            satisfied_answers=total(lambda s, n: s * n),
            answers_squared=total(lambda s, n: n * n),
        )
    )


def yes_no(yes: int, no: int) -> list[Form]:
    return [(1, 1)] * yes + [(0, 1)] * no


def test_binomial_28_of_30_has_its_clopper_pearson_bounds() -> None:
    low, high = korn_graubard(np.array([28 / 30]), np.array([30.0]))
    assert (low[0], high[0]) == pytest.approx((0.779265, 0.991822), abs=5e-7)


@pytest.mark.parametrize("answers", [10, 30])
def test_all_satisfied_takes_n_for_n_eff(answers: int) -> None:
    result = estimate(yes_no(answers, 0))
    assert result.standard_error[0] == 0
    assert result.effective_n[0] == answers
    # The lower Clopper-Pearson bound of n out of n is (alpha/2)^(1/n).
    assert (result.low[0], result.high[0]) == pytest.approx((0.025 ** (1 / answers), 1), abs=1e-12)


def test_none_satisfied_mirrors_all_satisfied() -> None:
    one, other = estimate(yes_no(12, 0)), estimate(yes_no(0, 12))
    assert (other.low[0], other.high[0]) == pytest.approx((1 - one.high[0], 1 - one.low[0]))


def test_a_single_form_counts_as_one_however_many_its_answers() -> None:
    result = estimate([(15, 21)])
    assert np.isnan(result.standard_error[0])
    assert (result.effective_n[0], result.degrees_of_freedom[0]) == (1, 0)
    assert result.low[0] < 0.1 and result.high[0] > 0.9


def test_n_eff_is_capped_by_what_one_more_form_leaves() -> None:
    # Answers that differ within forms and hardly between them: the spread over forms is less than that of single answers.
    result = estimate([(5, 10), (5, 10), (6, 10), (4, 10)])
    # With a fifth form, 0 of 10: p* = 0.4, squares 1 + 1 + 4 + 0 + 16 = 22 against 0.24 x 50 = 12.
    assert result.effective_n[0] == pytest.approx(40 * 12 / 22)
    low, high = korn_graubard(np.array([0.5]), result.effective_n)
    assert (result.low[0], result.high[0]) == (low[0], high[0])


def test_one_answer_off_leads_on_from_all_satisfied() -> None:
    """30 forms of 21 answers: all satisfied count as 30, and a single other answer must not make them 600."""
    whole, one_off = estimate([(21, 21)] * 30), estimate([(21, 21)] * 29 + [(20, 21)])
    assert whole.effective_n[0] == 30
    assert 30 < one_off.effective_n[0] < 35
    mirrored = estimate([(0, 21)] * 29 + [(1, 21)])
    assert mirrored.effective_n[0] == pytest.approx(one_off.effective_n[0])
    assert mirrored.low[0] == pytest.approx(1 - one_off.high[0])


@given(st.integers(1, 200), st.integers(1, 200), st.floats(0.1, 1000))
def test_the_cap_of_one_answer_per_form_is_the_answers(yes: int, no: int, weight: float) -> None:
    forms = np.array([float(yes + no)])
    sums = FormMoments(*(weight * np.array([float(total)]) for total in (yes + no, yes + no, yes, yes, yes, yes + no)))
    assert most_effective_n(np.array([yes + no]), forms, sums)[0] == pytest.approx(yes + no)


@given(st.integers(1, 60), st.integers(1, 33))
def test_the_cap_of_all_satisfied_is_the_forms(forms: int, items: int) -> None:
    totals = (forms, forms * items, forms * items, forms * items**2, forms * items**2, forms * items**2)
    sums = FormMoments(*(np.array([float(total)]) for total in totals))
    assert most_effective_n(np.array([forms * items]), np.array([float(forms)]), sums)[0] == pytest.approx(forms)


def test_forms_without_an_answer_stay_in_the_design() -> None:
    whole, answered = estimate([*yes_no(8, 4), (0, 0), (0, 0)]), estimate(yes_no(8, 4))
    assert whole.proportion[0] == answered.proportion[0]
    assert whole.degrees_of_freedom[0] == answered.degrees_of_freedom[0] == 11
    assert whole.standard_error[0] == pytest.approx(answered.standard_error[0] * np.sqrt((14 / 13) / (12 / 11)))


def test_a_domain_without_an_answer_is_refused() -> None:
    with pytest.raises(ValueError, match="leave it out"):
        estimate([(0, 0)])


def test_large_counts_do_not_overflow() -> None:
    forms = [(15, 21), (18, 21), (3, 20)]
    many = estimate(forms * 30_000)
    assert many.standard_error[0] == pytest.approx(estimate(forms * 30).standard_error[0] / np.sqrt(1000), rel=0.01)


FORMS = st.lists(
    st.integers(0, 21).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), min_size=1, max_size=40
).filter(lambda forms: sum(n for _, n in forms) > 0)


@given(FORMS)
def test_bounds_enclose_the_proportion(forms: list[Form]) -> None:
    result = estimate(forms)
    assert 0 <= result.low[0] <= result.proportion[0] <= result.high[0] <= 1
    assert 0 < result.effective_n[0] <= sum(n for _, n in forms)


@given(FORMS)
def test_standard_error_is_that_of_the_linearised_forms(forms: list[Form]) -> None:
    result = estimate(forms)
    satisfied, answers = np.array(forms, dtype=float).T
    z = (satisfied - result.proportion[0] * answers) / answers.sum()
    if len(forms) == 1:
        assert np.isnan(result.standard_error[0])
    else:
        expected = np.sqrt(len(forms) / (len(forms) - 1) * (z**2).sum())
        assert result.standard_error[0] == pytest.approx(expected, abs=1e-12)


def reference(path: str) -> Any:
    return json.loads((DATA / path).read_text(encoding="utf-8"))


@needs_public_data
@pytest.mark.parametrize(("name", "key"), [("stypeE", "prop_stype_srs"), ("api800", None)])
def test_korn_graubard_of_a_simple_random_sample_is_that_of_r(name: str, key: str | None) -> None:
    values = reference("stats/reference_values.json")
    published = values[f"ciprop_{name}_srs_beta"]
    p = published["est"]
    # The standard error of a proportion with the fpc of apisrs, 200 of 6,194.
    error = values[key]["se"][0] if key else np.sqrt((1 - 200 / 6194) * p * (1 - p) / 199)
    low, high = korn_graubard(np.array([p]), np.array([p * (1 - p) / error**2]))
    assert (low[0], high[0]) == pytest.approx((published["lo"], published["hi"]), abs=1e-10)


def council_answers(wave: str) -> dict[str, list[Form]]:
    """One form per respondent with its answer to q2_01, by council district; 9 is don't know and leaves the form empty."""
    with (DATA / "survey" / wave).open(encoding="utf-8") as file:
        forms: dict[str, list[Form]] = defaultdict(list)
        for row in csv.DictReader(file):
            answer = row["q2_01"]
            forms[row["counci"]].append((int(answer in ("4", "5")), int(answer in ("1", "2", "3", "4", "5"))))
    return forms


@needs_public_data
@pytest.mark.parametrize(
    ("wave", "key"), [("kcmo_resident_survey_fy2022.csv", "w1"), ("kcmo_resident_survey_mar2022.csv", "w2")]
)
def test_satisfaction_by_district_has_the_published_standard_errors(wave: str, key: str) -> None:
    # The published design is stratified by district, and within one a simple random sample; who does not know stays in it.
    published = reference("survey/kcmo_reference_values.json")[f"q2_01_{key}_by_council"]
    forms = council_answers(wave)
    result = estimate(*(forms[str(council)] for council in published["counci"]))
    assert result.proportion == pytest.approx(published["est"], abs=1e-10)
    assert result.standard_error == pytest.approx(published["se"], abs=1e-10)


def test_the_published_interval_is_the_capped_one() -> None:
    # Second wave: n_eff 980.93 of 976 answers.
    p = np.array([0.54508196721])
    low, high = korn_graubard(p, np.array([976.0]))
    assert (low[0], high[0]) == pytest.approx((0.513233, 0.576659), abs=1e-6)
