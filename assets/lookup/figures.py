"""The figures that can be traced: what each is made of, and the SQL that finds its records among the published facts.

The SQL repeats what the models do, from the facts alone, so that the counts of a mart are checked and not copied. How it
is told stands in explain.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from assets.ingest.shape import literal

# Columns of every statement of records, one row per record and part: where the record stands, the unit and the day that
# placed it, and what it adds to the numerator, to the denominator and to what is left out.
RECORD_COLUMNS = (
    "input_id", "sheet", "line", "unit_code", "unit_valid_from", "placed_on", "part", "numerator", "denominator", "left_out",
)  # fmt: skip


@dataclass(frozen=True)
class Figure:
    """One figure of a unit and period.

    `records`: SQL of RECORD_COLUMNS over all units, with the days {starts_on}, {ends_on} and, for stocks, {known_to} (the
    last day of the period that the data reach); `stated`: SQL of one row from the mart for {unit_code}, {unit_valid_from}
    and {period_id}, with value, numerator, denominator, left_out and others under their own names. A figure over several
    parts is the mean of their percentages, and a count has no denominator.
    """

    code: str
    label_vi: str
    label_en: str
    mart: str
    formula: str
    source: str
    page: str
    numerator_is: str
    denominator_is: str
    left_out_is: str
    records: str
    stated: str
    unit_of_value: str = "%"
    is_mean_of_parts: bool = False


def fixed_figures() -> dict[str, Figure]:
    """The figures that every workspace has, by code; nodes of questionnaires come from `survey_figure`."""
    figures = (_case_in_time(), _case_online(), _case_pending(), _complaint_in_time(), _complaint_pending())
    return {figure.code: figure for figure in figures}


def _stated(mart: str, where: str, **columns: str) -> str:
    listed = ", ".join(f"{sql} AS {name}" for name, sql in columns.items())
    return (
        f"SELECT {listed} FROM marts.{mart} WHERE unit_code = {{unit_code}} AND unit_valid_from = {{unit_valid_from}}"
        f" AND period_id = {{period_id}} AND {where}"
    )


def _flag(condition: str) -> str:
    return f"CAST(CASE WHEN {condition} THEN 1 ELSE 0 END AS BIGINT)"


def _records(fact: str, where: str, numerator: str, denominator: str, left_out: str) -> str:
    """Records of a fact that stands at the unit of the day it was received."""
    return (
        "SELECT input_id, sheet, line, unit_code, unit_valid_from, received_on AS placed_on, NULL AS part,"
        f" {_flag(numerator)} AS numerator, {_flag(denominator)} AS denominator, {_flag(left_out)} AS left_out"
        f" FROM marts.{fact} WHERE {where}"
    )


def _case_in_time() -> Figure:
    return Figure(
        code="case_in_time",
        label_vi="Tỷ lệ hồ sơ giải quyết đúng hạn",
        label_en="Cases settled in time",
        mart="case_settlement",
        formula="in_time_pct = 100 × n_in_time / n_with_due_date",
        source="period predicates of form II.06, Thông tư 01/2020/TT-VPCP",
        page="docs/methods/case-settlement.md",
        numerator_is="cases settled before or on the due day",
        denominator_is="cases settled in the period that have a due date",
        left_out_is="cases settled without a due date",
        records=_records(
            "fct_case",
            "outcome = 'settled' AND settled_on BETWEEN {starts_on} AND {ends_on}",
            "timeliness IN ('early', 'on_day')",
            "timeliness <> 'no_due_date'",
            "timeliness = 'no_due_date'",
        ),
        stated=_stated(
            "case_settlement",
            "procedure_field = '*'",
            value="in_time_pct",
            numerator="n_in_time",
            denominator="n_with_due_date",
            left_out="n_settled_no_due_date",
            n_settled="n_settled",
            n_settled_early="n_settled_early",
            n_settled_on_day="n_settled_on_day",
            n_settled_late="n_settled_late",
        ),
    )


def _case_online() -> Figure:
    return Figure(
        code="case_online",
        label_vi="Tỷ lệ hồ sơ nộp trực tuyến",
        label_en="Cases filed online",
        mart="case_settlement",
        formula="online_pct = 100 × n_received_online / n_received",
        source="columns of form II.06, Thông tư 01/2020/TT-VPCP",
        page="docs/methods/case-settlement.md",
        numerator_is="cases received online",
        denominator_is="cases received in the period",
        left_out_is="none",
        records=_records(
            "fct_case",
            "flow_status = 'placed' AND received_on BETWEEN {starts_on} AND {ends_on}",
            "channel = 'online'",
            "TRUE",
            "FALSE",
        ),
        stated=_stated(
            "case_settlement",
            "procedure_field = '*'",
            value="online_pct",
            numerator="n_received_online",
            denominator="n_received",
            left_out="CAST(0 AS BIGINT)",
            n_received_direct="n_received_direct",
            n_received_postal="n_received_postal",
            n_received_other="n_received_other",
        ),
    )


def _case_pending() -> Figure:
    return Figure(
        code="case_pending",
        label_vi="Hồ sơ chưa giải quyết xong cuối kỳ",
        label_en="Cases pending at the end",
        mart="case_settlement",
        formula="n_pending = n_opening + n_received − n_settled − n_withdrawn",
        source="period predicates of form II.06, Thông tư 01/2020/TT-VPCP",
        page="docs/methods/case-settlement.md",
        numerator_is="cases received up to the end and not ended by then",
        denominator_is="",
        left_out_is="none",
        records=_records(
            "fct_case",
            "flow_status = 'placed' AND received_on <= {known_to}"
            " AND (outcome NOT IN ('settled', 'withdrawn') OR settled_on > {known_to})",
            "TRUE",
            "FALSE",
            "FALSE",
        ),
        stated=_stated(
            "case_settlement",
            "procedure_field = '*'",
            value="n_pending",
            numerator="n_pending",
            denominator="CAST(0 AS BIGINT)",
            left_out="CAST(0 AS BIGINT)",
            n_opening="n_opening",
            n_received="n_received",
            n_settled="n_settled",
            n_withdrawn="n_withdrawn",
            n_pending_overdue="n_pending_overdue",
        ),
        unit_of_value="",
    )


def _complaint_in_time() -> Figure:
    return Figure(
        code="complaint_in_time",
        label_vi="Tỷ lệ phản ánh, kiến nghị xử lý đúng hạn",
        label_en="Complaints closed in time",
        mart="complaint_handling",
        formula="in_time_pct = 100 × n_closed_in_time / n_with_due_date",
        source="Nghị định 20/2008/NĐ-CP; the rule of deadlines is the source's own",
        page="docs/methods/complaint-handling.md",
        numerator_is="complaints closed by their deadline",
        denominator_is="complaints closed in the period that have a deadline",
        left_out_is="complaints closed without a deadline",
        records=_records(
            "fct_complaint",
            "flow_status = 'placed' AND timeliness IS NOT NULL AND closed_on BETWEEN {starts_on} AND {ends_on}",
            "timeliness = 'in_time'",
            "timeliness <> 'no_due_date'",
            "timeliness = 'no_due_date'",
        ),
        stated=_stated(
            "complaint_handling",
            "channel = '*' AND class = '*'",
            value="in_time_pct",
            numerator="n_closed_in_time",
            denominator="n_with_due_date",
            left_out="n_closed_no_due_date",
            n_closed="n_closed",
            n_closed_late="n_closed_late",
        ),
    )


def _complaint_pending() -> Figure:
    return Figure(
        code="complaint_pending",
        label_vi="Phản ánh, kiến nghị chưa xử lý xong cuối kỳ",
        label_en="Complaints pending at the end",
        mart="complaint_handling",
        formula="n_pending = n_opening + n_received − n_closed",
        source="general practice of complaint registers",
        page="docs/methods/complaint-handling.md",
        numerator_is="complaints received up to the end and not closed by then",
        denominator_is="",
        left_out_is="none",
        records=_records(
            "fct_complaint",
            "flow_status = 'placed' AND received_on <= {known_to} AND (timeliness IS NULL OR closed_on > {known_to})",
            "TRUE",
            "FALSE",
            "FALSE",
        ),
        stated=_stated(
            "complaint_handling",
            "channel = '*' AND class = '*'",
            value="n_pending",
            numerator="n_pending",
            denominator="CAST(0 AS BIGINT)",
            left_out="CAST(0 AS BIGINT)",
            n_opening="n_opening",
            n_received="n_received",
            n_closed="n_closed",
            n_pending_overdue="n_pending_overdue",
        ),
        unit_of_value="",
    )


_AGGREGATION = {
    "pooled_items": "index_pct = 100 × n_satisfied / n_answers, all answers of the items pooled",
    "mean_of_items": "index_pct = mean over items of 100 × satisfied / valid answers",
    "mean_of_factors": "index_pct = mean over factors of 100 × satisfied / valid answers",
    "overall_question": "index_pct = 100 × n_satisfied / n_answers of the node's own question",
}


def survey_figure(
    instrument: str, node: str, label_vi: str, label_en: str, aggregation_mode: str, parts: Mapping[str, str]
) -> Figure:
    """The satisfaction index of one node of a questionnaire; `parts`: its items, each with the part it counts in."""
    listed = ", ".join(f"({literal(item)}, {literal(part)})" for item, part in sorted(parts.items()))
    is_mean = set(parts.values()) != {node}
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
        GROUP BY response.response_id, 1, 2, 3, 4, 5, 6, 7
    """
    return Figure(
        code=node,
        label_vi=label_vi,
        label_en=label_en,
        mart="sipas_index",
        formula=_AGGREGATION[aggregation_mode if is_mean or aggregation_mode == "overall_question" else "pooled_items"],
        source="Quyết định 2640/QĐ-BNV; the aggregation is data of the instrument",
        page="docs/methods/sipas-index.md",
        numerator_is="valid answers that are satisfied or very satisfied",
        denominator_is="valid answers",
        left_out_is="blank and don’t know",
        records=records,
        stated=_stated(
            "sipas_index",
            f"instrument_code = {literal(instrument)} AND node_code = {literal(node)}",
            value="index_pct",
            numerator="n_satisfied",
            denominator="n_answers",
            left_out="n_dont_know + n_missing",
            n_forms="n_forms",
            n_forms_answered="n_forms_answered",
            n_dont_know="n_dont_know",
            n_missing="n_missing",
            n_parts="n_parts",
            estimate_pct="estimate_pct",
            ci_low_pct="ci_low_pct",
            ci_high_pct="ci_high_pct",
            n_eff="n_eff",
            method="method",
        ),
        is_mean_of_parts=is_mean,
    )
