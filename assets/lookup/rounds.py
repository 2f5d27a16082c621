"""The index of a node in a survey round, traced: the design it was drawn in, and its estimate made again from the weights of
the forms, which are calibrated again where the round's are, as docs/methods/survey-rounds.md says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import duckdb
import numpy as np

from assets.estimates.survey_calibration import NONE, NOT_STATED, Names, RoundCalibration, Values, calibrated
from assets.ingest.shape import literal, quote
from assets.lookup.figure import Figure
from assets.lookup.records import Record, day, rows_below, rows_of
from assets.lookup.subject import Period, Unit
from assets.lookup.trace import Explanation, equal, trace

_FORMULA = "estimate_pct = 100 × Σ weight × satisfied answers / Σ weight × valid answers, over the forms of the round"
_STAGES = {1: "people", 2: "clusters, and people in them", 3: "clusters, clusters in them, and people"}
_FPC = {
    "every_stratum": "finite population correction in every stratum",
    "some_strata": "finite population correction in some strata",
    "none": "no finite population correction",
}
_LEFT_OUT = {"no_place": "without stratum or cluster", "no_weight": "without a weight above 0"}
_SOURCE = "Särndal, Swensson, Wretman 1992, Model Assisted Survey Sampling, sections 5.5 and 5.6"
_RESTS_ON = (
    "survey_round: the days of the round",
    "sampling_frame: how many units there were to draw from",
    "sipas.yml: estimates, by which the interval is made",
)
_CALIBRATED_TO = "population_margin: the numbers of people that weights are calibrated to"


def trace_round(marts: duckdb.DuckDBPyConnection, figure: Figure, unit: Unit, period: Period) -> Explanation:
    """Trace a figure of sipas_round. Its value is the estimate; for a mean of parts, which has none, the index.

    Raises NotFound where the mart has no row of unit and round.
    """
    calibration, why_not = _calibration(marts, period)
    rests_on = (*figure.rests_on, *_RESTS_ON, *((_CALIBRATED_TO,) if calibration or why_not else ()))
    found = trace(marts, replace(figure, rests_on=rests_on), unit, period)
    design = rows_of(marts.execute("SELECT * FROM marts.dim_survey_round WHERE round_code = ?", [period.period_id]))[0]
    forms = [form for form in rows_below(marts, _forms(figure, period), unit) if _is_of_group(form, figure.group)]
    drawn = [form for form in forms if form["standing"] == "drawn"]
    notes = [
        ("design", _design(design)),
        ("weights", _weights(design, drawn, calibration)),
        ("left out of it", _left_out(forms)),
    ]
    found = replace(found, notes=tuple(notes))
    estimate = found.stated["estimate_pct"]
    if estimate is None:
        return found
    answering = [form for form in drawn if form["denominator"]]
    weight_of = _final_weights(drawn, calibration)
    satisfied, valid = (
        sum(weight_of[form["response_id"]] * form[name] for form in answering) for name in ("numerator", "denominator")
    )
    made = 100 * satisfied / valid if valid else None
    agrees = (
        found.agrees
        and len(answering) == found.stated["n_forms_answered"]
        and len(drawn) == found.stated["n_forms"]
        and _degrees_of_freedom(answering) == found.stated["df"]
        and (why_not is not None or equal(estimate, made))
    )
    stated = {"index_pct": found.value} | {name: value for name, value in found.stated.items() if value is not None}
    return replace(
        found,
        figure=replace(found.figure, formula=_FORMULA, source=_SOURCE, page="docs/methods/survey-rounds.md"),
        value=float(estimate),
        stated=stated | {name: found.stated[name] for name in ("ci_low_pct", "ci_high_pct")},
        recomputed_value=None if why_not is not None else made,
        agrees=agrees,
        not_made_again=why_not,
    )


def _forms(figure: Figure, period: Period) -> str:
    """SQL of the forms answered in the days of the round, one row each with what it adds to the figure."""
    days = {"starts_on": day(period.starts_on), "ends_on": day(period.ends_on), "known_to": day(period.ends_on)}
    columns = "".join(f", response.{quote(column)}" for column in figure.group)
    return f"""
        SELECT form.*, response.unit_code, response.unit_valid_from, response.responded_on AS placed_on{columns},
            coalesce(answers.numerator, 0) AS numerator, coalesce(answers.denominator, 0) AS denominator
        FROM marts.fct_survey_round_form AS form
        INNER JOIN marts.fct_survey_response AS response USING (response_id)
        LEFT JOIN (
            SELECT response_id, CAST(sum(numerator) AS BIGINT) AS numerator, CAST(sum(denominator) AS BIGINT) AS denominator
            FROM ({figure.records.format(**days)}) GROUP BY response_id
        ) AS answers USING (response_id)
        WHERE form.round_code = {literal(period.period_id)}
    """


def _is_of_group(form: Record, group: Mapping[str, str]) -> bool:
    return all((form[column] or NOT_STATED) == value for column, value in group.items())


def _final_weights(drawn: Sequence[Record], calibration: Mapping[int, float] | None) -> Mapping[int, float]:
    """The weight of each form by its number: calibrated, or as it was given."""
    if calibration is not None:
        return calibration
    return {form["response_id"]: float(form["weight"]) for form in drawn}


def _calibration(marts: duckdb.DuckDBPyConnection, period: Period) -> tuple[Mapping[int, float] | None, str | None]:
    """The calibrated weights of the round by form, None where they are as given; and why they cannot be told, where so."""
    margins: dict[Names, dict[Values, int]] = {}
    rows = rows_of(
        marts.execute(
            "SELECT * FROM marts.survey_calibration WHERE round_code = ? AND status = 'calibrated' ORDER BY ALL",
            [period.period_id],
        )
    )
    if not rows:
        return None, None
    if rows[0]["n_trimmed"]:
        return (
            None,
            f"{rows[0]['n_trimmed']:,} weights were trimmed by a setting of the office before they were calibrated",
        )
    for row in rows:
        if row["n_people"] is not None:
            names = tuple(name for name in (row["breakdown_1"], row["breakdown_2"]) if name != NONE)
            values = tuple(row[f"value_{place}"] for place in range(1, len(names) + 1))
            margins.setdefault(names, {})[values] = row["n_people"]
    asked = sorted({name for names in margins for name in names})
    columns = "".join(f", coalesce(response.{quote(name)}, {literal(NOT_STATED)}) AS {quote(name)}" for name in asked)
    forms = rows_of(
        marts.execute(
            f"SELECT form.response_id, form.weight{columns} FROM marts.fct_survey_round_form AS form"
            " INNER JOIN marts.fct_survey_response AS response USING (response_id)"
            " WHERE form.round_code = ? AND form.standing = 'drawn' ORDER BY form.response_id",
            [period.period_id],
        )
    )
    base = np.array([float(form["weight"]) for form in forms])
    given = {name: [form[name] for form in forms] for name in asked}
    made: RoundCalibration = calibrated(period.period_id, margins, given, base, base)
    # Where they cannot be calibrated any more, those given do not lead to the estimate, and that is told.
    weights = base if made.final_weights is None else made.final_weights
    return dict(zip((form["response_id"] for form in forms), weights.tolist(), strict=True)), None


def _degrees_of_freedom(answering: Iterable[Record]) -> int:
    """First-stage units less strata: clusters, and people drawn without one."""
    units, strata = set(), set()
    for form in answering:
        stratum = form["stratum"] or ""
        strata.add(stratum)
        units.add((stratum, form["psu"] or form["response_id"]))
    return len(units) - len(strata)


def _design(of: Mapping[str, Any]) -> str:
    single = f", {of['n_strata_single_psu']:,} of them with a single unit" if of["n_strata_single_psu"] else ""
    drawn = "probability sample" if of["is_probability_sample"] else "no probability sample: intervals are a model's"
    return (
        f"{drawn}; {of['n_strata']:,} strata{single}, {of['n_psus']:,} primary sampling units,"
        f" {of['n_stages']} stage(s): {_STAGES[of['n_stages']]}; {_FPC[of['fpc']]}"
    )


def _weights(of: Mapping[str, Any], drawn: Sequence[Record], calibration: Mapping[int, float] | None) -> str:
    given = sum(float(form["weight"]) for form in drawn)
    told = f"{given:,.1f} in all of {len(drawn):,} forms of the unit, {float(of['sum_of_weights']):,.1f} of {of['n_forms']:,} in the round"
    if calibration is not None:
        after = sum(calibration[form["response_id"]] for form in drawn)
        told += f"; calibrated to the population, {after:,.1f} and {sum(calibration.values()):,.1f} (docs/methods/calibration.md)"
    return f"{told}; design effect of the weights given {of['weight_deff']:.2f}"


def _left_out(forms: Sequence[Record]) -> str:
    counted = {words: sum(form["standing"] == standing for form in forms) for standing, words in _LEFT_OUT.items()}
    told = [
        f"{n:,} form(s) of these days {words}, where others of the round have one" for words, n in counted.items() if n
    ]
    return "; ".join(told) or "no form of these days"
