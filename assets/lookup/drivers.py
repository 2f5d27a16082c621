"""What a question weighs for the overall judgement, traced: the forms that answer every question, and Johnson's relative weights
made again from their answers, as docs/methods/drivers.md says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations_with_replacement
from typing import Any

import duckdb
import numpy as np

from assets.estimates.survey_driver import Moments, drivers
from assets.ingest.shape import literal
from assets.lookup.catalogue import find_node
from assets.lookup.figure import Figure, flag, stated_row
from assets.lookup.records import Record, rows_of
from assets.lookup.subject import Period, Unit, asked_as, passed_codes
from assets.lookup.survey import DRIVER
from assets.lookup.trace import Ask, Explanation, Step, equal, records_of, stated_of, trace

_MADE_AGAIN = ("correlation", "relative_weight", "r_squared", "share_pct")
# Of an evaluation form: the indices that it states or that are worked out, and the questions whose words stand for levels.
_INDICES = ("1", "2", "3", "4", "6", "7")
_WORDS = {"10": "convenience", "11": "overall"}
_LEVELS = "CASE {column} WHEN 'dissatisfied' THEN '0' WHEN 'satisfied' THEN '1' WHEN 'very_satisfied' THEN '2' END"
_ABOUT_THE_CASE = "cases and complaints, for a form’s blank indices 1, 2 and 7: --index one_stop_1 and so on list them"
_NOT_MADE_AGAIN = (
    "the answers of evaluation forms are kept as points, and several levels of an index have the same points"
)


def trace_driver(
    marts: duckdb.DuckDBPyConnection, text: str, unit: Unit, period: Period, instrument: str | None
) -> Explanation:
    """Trace a row of survey_driver, named by the code of its question. Raises NotFound where the mart has none."""
    code, predictor = find_node(marts, text, unit, period, instrument, DRIVER)
    rows = _questions(marts, code, unit, period)
    own = next(row for row in rows if row["predictor_code"] == predictor)
    questions = [own["outcome_code"], *sorted(row["predictor_code"] for row in rows)]
    columns = [f"score_{place}" for place in range(len(questions))]
    # Forms beyond those of surveys are evaluation forms of cases, where the questionnaire takes them for its own.
    figure = _figure(own, code, questions, with_cases=False)
    records = records_of(marts, figure, unit, period, columns)
    with_cases = len(records) < stated_of(marts, figure, unit, period)["denominator"]
    if with_cases:
        figure = _figure(own, code, questions, with_cases)
        records = records_of(marts, figure, unit, period, columns)
    found = trace(marts, figure, unit, period, records)
    made = next(
        row
        for row in drivers(_moments(records, questions, columns), questions[0], forms_per_predictor=0)
        if row["predictor_code"] == predictor
    )
    why_not = _NOT_MADE_AGAIN if with_cases and _has_equal_points(marts) else None
    stated: dict[str, Any] = {"share_pct": found.value} | dict(found.stated)
    follows = all(equal(stated[name], made.get(name)) for name in _MADE_AGAIN) and all(
        stated[name] == made[name] for name in ("n_predictors", "weight_missing_reason")
    )
    return replace(
        found,
        recomputed_value=None if why_not else made.get("share_pct"),
        agrees=found.counts.denominator == found.recomputed.denominator
        if why_not
        else follows and found.counts == found.recomputed,
        steps=_steps(marts, rows, code, unit, period, predictor),
        notes=(("also rests on", _ABOUT_THE_CASE),) if with_cases else (),
        not_made_again=why_not,
    )


def _questions(marts: duckdb.DuckDBPyConnection, instrument: str, unit: Unit, period: Period) -> list[dict[str, Any]]:
    return rows_of(
        marts.execute(
            "SELECT driver.*, item.label_vi, item.label_en FROM marts.survey_driver AS driver"
            " INNER JOIN marts.dim_instrument_item AS item"
            " ON driver.instrument_code = item.instrument_code AND driver.predictor_code = item.node_code"
            " WHERE unit_code = ? AND unit_valid_from = ? AND period_id = ? AND driver.instrument_code = ?"
            " ORDER BY item.position, predictor_code",
            [unit.code, unit.valid_from, period.period_id, instrument],
        )
    )


def _figure(of: Mapping[str, Any], instrument: str, questions: Sequence[str], with_cases: bool) -> Figure:
    return Figure(
        code=of["predictor_code"],
        label_vi=f"Gắn với đánh giá chung: {of['label_vi']}",
        label_en=f"What goes with the overall judgement: {of['label_en']}",
        mart=DRIVER.name,
        formula=(
            f"share_pct = 100 × relative_weight / r_squared; relative_weight = Johnson’s, of {len(questions) - 1} questions on"
            f" {questions[0]}"
        ),
        source="Johnson 2000, Multivariate Behavioral Research 35, 1–19",
        page="docs/methods/drivers.md",
        numerator_is="forms with a valid answer to every question",
        denominator_is="forms of the questionnaire",
        left_out_is="forms without one of these answers",
        records=_records(instrument, questions, with_cases),
        stated=stated_row(
            DRIVER.name,
            {"instrument_code": instrument, "predictor_code": of["predictor_code"]},
            {
                "value": "share_pct",
                "numerator": "n_forms_complete",
                "denominator": "n_forms",
                "left_out": "n_forms_incomplete",
            }
            | {name: name for name in DRIVER.also},
        ),
        unit_of_value="% of R²",
        rests_on=(
            f"instrument, instrument_item: the questions of {instrument}, and which of them is of the whole",
            "answer_level: which answers are valid, and their order",
            "sipas.yml: estimates, by which few forms are called few",
        ),
        instrument=instrument,
    )


def _records(instrument: str, questions: Sequence[str], with_cases: bool) -> str:
    """SQL of RECORD_COLUMNS, one row per form, with a column per question: the place of its answer on the scale."""
    forms = (
        "SELECT 'survey' AS kind, response_id AS form_id, input_id, sheet, line, unit_code, unit_valid_from,"
        " responded_on AS placed_on FROM marts.fct_survey_response"
        f" WHERE instrument_code = {literal(instrument)} AND responded_on BETWEEN {{starts_on}} AND {{ends_on}}"
    )
    answers = (
        "SELECT 'survey' AS kind, response_id AS form_id, item_code, level FROM marts.fct_survey_answer"
        f" WHERE instrument_code = {literal(instrument)}"
    )
    if with_cases:
        forms += (
            " UNION ALL SELECT 'case', evaluation_id, input_id, sheet, line, unit_code, unit_valid_from, evaluated_on"
            " FROM marts.fct_case_evaluation WHERE evaluated_on BETWEEN {starts_on} AND {ends_on}"
        )
        for index in _INDICES:
            answers += (
                f" UNION ALL SELECT 'case', evaluation_id, '{index}', standard.level FROM marts.fct_case_evaluation"
                f" INNER JOIN marts.dim_one_stop_level AS standard ON standard.index_code = '{index}'"
                f" AND round(standard.points * 100) = round(index_{index} * 100)"
            )
        for item, column in _WORDS.items():
            answers += (
                f" UNION ALL SELECT 'case', evaluation_id, '{item}', {_LEVELS.format(column=column)}"
                " FROM marts.fct_case_evaluation"
            )
    scores = ", ".join(
        f"max(answer.position) FILTER (WHERE answer.item_code = {literal(code)}) AS score_{place}"
        for place, code in enumerate(questions)
    )
    complete = " AND ".join(f"score_{place} IS NOT NULL" for place in range(len(questions)))
    return f"""
        SELECT *, CAST(NULL AS VARCHAR) AS part, {flag(complete)} AS numerator, CAST(1 AS BIGINT) AS denominator,
            {flag(f"NOT ({complete})")} AS left_out
        FROM (
            SELECT form.*, {scores}
            FROM ({forms}) AS form
            LEFT JOIN (
                SELECT answer.kind, answer.form_id, answer.item_code, scale.position
                FROM ({answers}) AS answer
                INNER JOIN marts.dim_instrument_item AS item
                    ON item.instrument_code = {literal(instrument)} AND answer.item_code = item.node_code
                INNER JOIN (
                    SELECT scale_code, level,
                        row_number() OVER (PARTITION BY scale_code ORDER BY length(level), level) AS position
                    FROM marts.dim_answer_level WHERE answer_kind = 'valid'
                ) AS scale ON item.scale_code = scale.scale_code AND answer.level = scale.level
            ) AS answer ON form.kind = answer.kind AND form.form_id = answer.form_id
            GROUP BY ALL
        )
    """


def _moments(records: Sequence[Record], questions: Sequence[str], columns: Sequence[str]) -> Moments:
    complete = [[record[column] for column in columns] for record in records if record["numerator"]]
    scores = np.array(complete, dtype=np.int64).reshape(len(complete), len(questions))
    products = (scores.T @ scores).tolist()
    sums = dict(zip(questions, scores.sum(axis=0).tolist(), strict=True))
    pairs = combinations_with_replacement(range(len(questions)), 2)
    by_pair = {
        (min(questions[one], questions[other]), max(questions[one], questions[other])): products[one][other]
        for one, other in pairs
    }
    return Moments(len(complete), sums, by_pair)


def _has_equal_points(marts: duckdb.DuckDBPyConnection) -> bool:
    rows = marts.execute(
        "SELECT index_code FROM marts.dim_one_stop_level GROUP BY index_code HAVING count(DISTINCT points) < count(*)"
    ).fetchall()
    return any(index in _INDICES for (index,) in rows)


def _steps(
    marts: duckdb.DuckDBPyConnection,
    rows: Sequence[Mapping[str, Any]],
    instrument: str,
    unit: Unit,
    period: Period,
    predictor: str,
) -> tuple[Step, ...]:
    """The questions that share R² among them."""
    asked = asked_as(unit.code, unit.valid_from, passed_codes(marts))
    return tuple(
        Step(
            name=f"{row['label_vi']} ({row['predictor_code']})",
            value=row["share_pct"],
            weight=None,
            because=row["weight_missing_reason"]
            or f"relative weight {row['relative_weight']:.4f}, correlation {row['correlation']:.4f}",
            ask=None
            if row["predictor_code"] == predictor
            else Ask(asked, period.period_id, row["predictor_code"], (), instrument, driver=True),
        )
        for row in rows
    )
