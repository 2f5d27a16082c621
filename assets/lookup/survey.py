"""The satisfaction index of a node of a questionnaire as a figure that can be traced: of a reporting period, in the territory of
then or of now, or of a survey round; of all forms or of a group of respondents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from assets.ingest.shape import literal
from assets.lookup.figure import Figure, stated_row

_AGGREGATION = {
    "pooled_items": "index_pct = 100 × n_satisfied / n_answers, all answers of the items pooled",
    "mean_of_items": "index_pct = mean over items of 100 × satisfied / valid answers",
    "mean_of_factors": "index_pct = mean over factors of 100 × satisfied / valid answers",
    "overall_question": "index_pct = 100 × n_satisfied / n_answers of the node's own question",
}
_COUNTED = ("n_forms", "n_forms_answered", "n_dont_know", "n_missing", "n_parts")
_ESTIMATED = ("estimate_pct", "ci_low_pct", "ci_high_pct", "n_eff", "method")


@dataclass(frozen=True)
class NodeMart:
    """A mart with figures of the nodes of questionnaires: its name, that of its groups, its columns of the period and node, and
    what it states beside the counts. `if_none`: what to say of a unit and period without any; `of_all`: what in
    SQL narrows it to all respondents, where it has groups too."""

    name: str
    of_groups: str = ""
    period_column: str = "period_id"
    node_column: str = "node_code"
    also: tuple[str, ...] = ()
    if_none: str = "There is none: nobody answered"
    of_all: str = ""


REPORTED = NodeMart("sipas_index", "sipas_index_breakdown", also=(*_COUNTED, *_ESTIMATED))
NOW = NodeMart(
    "sipas_index_now",
    "sipas_index_now_breakdown",
    also=(*_COUNTED, *(f"{name}_allocated" for name in ("n_forms", "n_forms_answered", "n_answers", "n_satisfied"))),
)
ROUND = NodeMart(
    "sipas_round",
    "sipas_round",
    period_column="round_code",
    also=(*_COUNTED, *_ESTIMATED, "se_pct", "df", "deff", "presentation", "presentation_reason"),
    of_all=" WHERE breakdown = '*'",
)
# What a question weighs for the overall judgement; told in drivers.py.
DRIVER = NodeMart(
    "survey_driver",
    node_column="predictor_code",
    also=(
        "outcome_code", "n_predictors", "correlation", "relative_weight", "r_squared", "caution", "weight_missing_reason",
    ),
    if_none="There is none: only a questionnaire with an overall question of its own has them",
)  # fmt: skip


def survey_figure(
    of: NodeMart,
    instrument: str,
    node: str,
    label_vi: str,
    label_en: str,
    aggregation_mode: str,
    parts: Mapping[str, str],
    group: Mapping[str, str],
) -> Figure:
    """`of`: the mart that states it; `parts`: the items of the node, each with the part it counts in; `group`: at most one
    question about the respondent."""
    listed = ", ".join(f"({literal(item)}, {literal(part)})" for item, part in sorted(parts.items()))
    is_mean = set(parts.values()) != {node}
    narrowing = "".join(f" AND coalesce(response.{column}, '~') = {literal(value)}" for column, value in group.items())
    if of is ROUND:
        narrowing += " AND response.response_id IN (SELECT response_id FROM marts.fct_survey_round_form WHERE standing = 'drawn')"
    narrowed = {
        name: text for pair in group.items() for name, text in zip(("breakdown", "breakdown_value"), pair, strict=True)
    }
    if of is ROUND and not group:
        narrowed = {"breakdown": "*", "breakdown_value": "*"}
    mart = of.of_groups if group else of.name
    counts = {
        "value": "index_pct",
        "numerator": "n_satisfied",
        "denominator": "n_answers",
        "left_out": "n_dont_know + n_missing",
    }
    records = f"""
        SELECT
            response.response_id, response.input_id, response.sheet, response.line, response.unit_code, response.unit_valid_from,
            response.responded_on AS placed_on, item.part,
            CAST(count(*) FILTER (WHERE answer.answer_kind = 'valid' AND answer.is_satisfied = 1) AS BIGINT) AS numerator,
            CAST(count(*) FILTER (WHERE answer.answer_kind = 'valid') AS BIGINT) AS denominator,
            CAST(count(*) FILTER (WHERE answer.answer_kind IS DISTINCT FROM 'valid') AS BIGINT) AS left_out
        FROM marts.fct_survey_response AS response
        CROSS JOIN (VALUES {listed}) AS item (item_code, part)
        LEFT JOIN marts.fct_survey_answer AS answer
            ON response.response_id = answer.response_id AND item.item_code = answer.item_code
        WHERE response.instrument_code = {literal(instrument)} AND response.responded_on BETWEEN {{starts_on}} AND {{ends_on}}
            {narrowing}
        GROUP BY ALL
    """
    return Figure(
        code=node,
        label_vi=label_vi,
        label_en=label_en,
        mart=mart,
        formula=_AGGREGATION[aggregation_mode if is_mean or aggregation_mode == "overall_question" else "pooled_items"],
        source="Quyết định 2640/QĐ-BNV; the aggregation is data of the instrument",
        page="docs/methods/sipas-index.md",
        numerator_is="valid answers that are satisfied or very satisfied",
        denominator_is="valid answers",
        left_out_is="blank and don’t know",
        records=records,
        stated=stated_row(
            mart,
            {"instrument_code": instrument, "node_code": node} | narrowed,
            counts | {name: name for name in of.also},
            of.period_column,
        ),
        made_by="mean_of_percentages" if is_mean else "percentage",
        rests_on=(
            f"instrument, instrument_item: the questions of {instrument} and how they are brought together",
            "answer_level: which answers are valid, and which of them satisfied",
        ),
        group=dict(group),
        instrument=instrument,
        of_now=of is NOW,
    )
