"""The satisfaction index of a node of a questionnaire, of all forms or of a group of respondents, as a figure that can be traced."""

from __future__ import annotations

from collections.abc import Mapping

from assets.ingest.shape import literal
from assets.lookup.figure import Figure, stated_row

_AGGREGATION = {
    "pooled_items": "index_pct = 100 × n_satisfied / n_answers, all answers of the items pooled",
    "mean_of_items": "index_pct = mean over items of 100 × satisfied / valid answers",
    "mean_of_factors": "index_pct = mean over factors of 100 × satisfied / valid answers",
    "overall_question": "index_pct = 100 × n_satisfied / n_answers of the node's own question",
}
# What stands in the mart beside the counts.
_ALSO = (
    "n_forms", "n_forms_answered", "n_dont_know", "n_missing", "n_parts", "estimate_pct", "ci_low_pct", "ci_high_pct", "n_eff",
    "method",
)  # fmt: skip


def survey_figure(
    instrument: str,
    node: str,
    label_vi: str,
    label_en: str,
    aggregation_mode: str,
    parts: Mapping[str, str],
    group: Mapping[str, str],
) -> Figure:
    """`parts`: the items of the node, each with the part it counts in; `group`: at most one question about the respondent."""
    listed = ", ".join(f"({literal(item)}, {literal(part)})" for item, part in sorted(parts.items()))
    is_mean = set(parts.values()) != {node}
    of_group = "".join(f" AND coalesce(response.{column}, '~') = {literal(value)}" for column, value in group.items())
    narrowed = {
        name: text for pair in group.items() for name, text in zip(("breakdown", "breakdown_value"), pair, strict=True)
    }
    mart = "sipas_index_breakdown" if group else "sipas_index"
    counts = {
        "value": "index_pct",
        "numerator": "n_satisfied",
        "denominator": "n_answers",
        "left_out": "n_dont_know + n_missing",
    }
    records = f"""
        SELECT
            response.input_id, response.sheet, response.line, response.unit_code, response.unit_valid_from,
            response.responded_on AS placed_on, item.part,
            CAST(count(*) FILTER (WHERE answer.answer_kind = 'valid' AND answer.is_satisfied = 1) AS BIGINT) AS numerator,
            CAST(count(*) FILTER (WHERE answer.answer_kind = 'valid') AS BIGINT) AS denominator,
            CAST(count(*) FILTER (WHERE answer.answer_kind IS DISTINCT FROM 'valid') AS BIGINT) AS left_out
        FROM marts.fct_survey_response AS response
        CROSS JOIN (VALUES {listed}) AS item (item_code, part)
        LEFT JOIN marts.fct_survey_answer AS answer
            ON response.response_id = answer.response_id AND item.item_code = answer.item_code
        WHERE response.instrument_code = {literal(instrument)} AND response.responded_on BETWEEN {{starts_on}} AND {{ends_on}}
            {of_group}
        GROUP BY response.response_id, 1, 2, 3, 4, 5, 6, 7
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
            mart, {"instrument_code": instrument, "node_code": node} | narrowed, counts | {name: name for name in _ALSO}
        ),
        made_by="mean_of_percentages" if is_mean else "percentage",
        rests_on=(
            f"instrument, instrument_item: the questions of {instrument} and how they are brought together",
            "answer_level: which answers are valid, and which of them satisfied",
        ),
        group=dict(group),
    )
