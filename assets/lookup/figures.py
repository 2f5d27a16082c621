"""The figures that can be traced: what each is made of, and the SQL that finds its records among the published facts.

The SQL repeats what the models do, from the facts alone, so that the counts of a mart are checked and not copied. How it
is told stands in explain.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from assets.ingest.shape import literal

# Columns of every statement of records, one row per record and part: where the record stands, the unit and the day that
# placed it, and what it adds to the numerator, to the denominator and to what is left out.
RECORD_COLUMNS = (
    "input_id", "sheet", "line", "unit_code", "unit_valid_from", "placed_on", "part", "numerator", "denominator", "left_out",
)  # fmt: skip


# Of all counts; of each part, and their mean; the numerator itself; numerator over denominator; the same of hundredths, as
# points with two decimals, rounded half up; the sum of such points over the parts and of the indices that are stated.
MadeBy = Literal["percentage", "mean_of_percentages", "count", "mean", "points", "sum_of_points"]


@dataclass(frozen=True)
class Figure:
    """One figure of a unit and period.

    `records`: SQL of RECORD_COLUMNS over all units, with the days {starts_on}, {ends_on} and, for stocks, {known_to} (the
    last day of the period that the data of the mart `known_in` reach); `stated`: SQL of one row from the mart for
    {unit_code}, {unit_valid_from} and {period_id}, with value, numerator (NULL where the mart has none), denominator,
    left_out and others under their own names. `made_by`: how the value follows from the counts.
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
    made_by: MadeBy = "percentage"
    known_in: str | None = None

    @property
    def is_mean_of_parts(self) -> bool:
        return self.made_by == "mean_of_percentages"


def fixed_figures() -> dict[str, Figure]:
    """The figures that every workspace has, by code; nodes of questionnaires come from `survey_figure`."""
    figures = (
        _case_in_time(),
        _case_online(),
        _case_pending(),
        _complaint_in_time(),
        _complaint_pending(),
        *(_desk_index(code) for code in DESK_INDICES),
        _desk_total(),
        _cases_in_time_766(),
        _mean_days(),
        _class_share("5.1a", "regulation"),
        _class_share("5.1b", "conduct"),
        _complaints_in_time_766(),
    )
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
        made_by="count",
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
        made_by="count",
    )


# Indices of the desk's evaluation that only forms score; the agencies' own, and those worked out, stand in no fact.
DESK_INDICES = ("1", "2", "3", "4", "7")
_DESK_PAGE = "docs/methods/one-stop-evaluation.md"
_DESK_SOURCE = "Thông tư 01/2018/TT-VPCP, article 13"


def _desk_records(index: str) -> str:
    """The forms of the period; one that does not score the index is left out."""
    return (
        "SELECT input_id, sheet, line, unit_code, unit_valid_from, evaluated_on AS placed_on,"
        f" {literal(index)} AS part, CAST(round(coalesce(index_{index}, 0) * 100) AS BIGINT) AS numerator,"
        f" {_flag(f'index_{index} IS NOT NULL')} AS denominator, {_flag(f'index_{index} IS NULL')} AS left_out"
        " FROM marts.fct_case_evaluation WHERE evaluated_on BETWEEN {starts_on} AND {ends_on}"
    )


def _desk_index(index: str) -> Figure:
    return Figure(
        code=f"one_stop_{index}",
        label_vi=f"Chỉ số {index} đánh giá giải quyết thủ tục hành chính",
        label_en=f"Index {index} of the evaluation of the settlement of procedures",
        mart="one_stop_index",
        formula="mean_points = points of the forms that score the index / their number, two decimals, half up",
        source=_DESK_SOURCE,
        page=_DESK_PAGE,
        numerator_is="hundredths of a point",
        denominator_is="forms that score the index",
        left_out_is="forms that do not",
        records=_desk_records(index),
        stated=_stated(
            "one_stop_index",
            f"weighting = 'forms' AND index_code = {literal(index)}",
            value="mean_points",
            numerator="CAST(NULL AS BIGINT)",
            denominator="n_scored",
            left_out="CAST(NULL AS BIGINT)",
            n_computed="n_computed",
            n_units="n_units",
        ),
        unit_of_value="points",
        made_by="points",
    )


def _desk_total() -> Figure:
    others = [index for index in "123456789" if index not in DESK_INDICES]
    return Figure(
        code="one_stop_total",
        label_vi="Tổng điểm đánh giá giải quyết thủ tục hành chính",
        label_en="Total of the evaluation of the settlement of procedures",
        mart="one_stop_evaluation",
        formula="total_points = sum of the nine indices, each a mean with two decimals",
        source=_DESK_SOURCE,
        page=_DESK_PAGE,
        numerator_is=f"hundredths of a point, of the indices {', '.join(DESK_INDICES)} that forms score",
        denominator_is="scores of forms",
        left_out_is="scores that forms do not give",
        records=" UNION ALL ".join(_desk_records(index) for index in DESK_INDICES),
        stated=_stated(
            "one_stop_evaluation",
            "weighting = 'forms'",
            value="total_points",
            numerator="CAST(NULL AS BIGINT)",
            denominator="CAST(NULL AS BIGINT)",
            left_out="CAST(NULL AS BIGINT)",
            n_forms="n_forms",
            n_indices="n_indices",
            band="band",
            **{f"index_{index}": f"index_{index}" for index in others},
        ),
        unit_of_value="points",
        made_by="sum_of_points",
    )


def _stated_766(item: str) -> str:
    return _stated(
        "service_quality_766",
        f"item_code = {literal(item)}",
        value="coalesce(rate_pct, mean_days)",
        numerator="numerator",
        denominator="n_denominator",
        left_out="n_left_out",
        points="points",
        maximum_points="maximum_points",
        note="note",
    )


_766_PAGE = "docs/methods/service-quality-766.md"
_766_SOURCE = "Quyết định 766/QĐ-TTg (23/06/2022)"


def _cases_in_time_766() -> Figure:
    columns = (
        "kept.input_id, kept.sheet, kept.line, kept.unit_code, kept.unit_valid_from, kept.received_on AS placed_on,"
        " NULL AS part"
    )
    in_time = _flag("deadline.standing = 'in_time'")
    judged, not_judged = _flag("deadline.standing <> 'unknown'"), _flag("deadline.standing = 'unknown'")
    return Figure(
        code="766-2.1",
        label_vi="Hồ sơ giải quyết đúng hạn, trước hạn",
        label_en="Cases settled in time",
        mart="service_quality_766",
        formula="rate_pct = 100 × numerator / n_denominator",
        source=_766_SOURCE,
        page=_766_PAGE,
        numerator_is="cases that ended in time, or are open and not past their deadline at the end",
        denominator_is="cases in hand in the period: ended in it, or open at its end",
        left_out_is="cases that nothing judges, or that no day places",
        records=(
            f"SELECT {columns}, {in_time} AS numerator,"
            f" {judged} AS denominator, {not_judged} AS left_out"
            " FROM marts.fct_case_deadline AS deadline INNER JOIN marts.fct_case AS kept ON deadline.case_id = kept.case_id"
            " INNER JOIN marts.dim_reporting_period AS month ON deadline.month_id = month.period_id"
            " WHERE (deadline.stage = 'ended' AND month.ends_on BETWEEN {starts_on} AND {ends_on})"
            " OR (deadline.stage = 'open' AND month.ends_on = {known_to})"
            f" UNION ALL SELECT {columns}, CAST(0 AS BIGINT), CAST(0 AS BIGINT), CAST(1 AS BIGINT) FROM marts.fct_case AS kept"
            " WHERE kept.flow_status IN ('unplaced_no_end', 'unplaced_end_before_start')"
            " AND kept.received_on BETWEEN {starts_on} AND {ends_on}"
        ),
        stated=_stated_766("2.1"),
        known_in="case_settlement",
    )


def _mean_days() -> Figure:
    return Figure(
        code="766-2.2",
        label_vi="Thời gian giải quyết trung bình",
        label_en="Mean time of settlement",
        mart="service_quality_766",
        formula="mean_days = working days taken / cases settled",
        source=_766_SOURCE,
        page=_766_PAGE,
        numerator_is="working days, without those the applicant took",
        denominator_is="cases settled in the period",
        left_out_is="cases whose waiting time is not known",
        records=(
            "SELECT input_id, sheet, line, unit_code, unit_valid_from, received_on AS placed_on, NULL AS part,"
            " CAST(coalesce(working_days, 0) AS BIGINT) AS numerator,"
            f" {_flag('working_days IS NOT NULL')} AS denominator, {_flag('working_days IS NULL')} AS left_out"
            " FROM marts.fct_case WHERE outcome = 'settled' AND settled_on BETWEEN {starts_on} AND {ends_on}"
        ),
        stated=_stated_766("2.2"),
        unit_of_value="days",
        made_by="mean",
    )


def _class_share(item: str, complaint_class: str) -> Figure:
    return Figure(
        code=f"766-{item}",
        label_vi=f"Phản ánh, kiến nghị theo loại ({complaint_class})",
        label_en=f"Complaints of class {complaint_class}",
        mart="service_quality_766",
        formula="rate_pct = 100 × numerator / n_denominator",
        source=_766_SOURCE,
        page=_766_PAGE,
        numerator_is=f"complaints of class {complaint_class}",
        denominator_is="complaints received in the period that have a class",
        left_out_is="complaints without a class",
        records=_records(
            "fct_complaint",
            "flow_status = 'placed' AND received_on BETWEEN {starts_on} AND {ends_on}",
            f"class = {literal(complaint_class)}",
            "class <> '~'",
            "class = '~'",
        ),
        stated=_stated_766(item),
    )


def _complaints_in_time_766() -> Figure:
    closed = "timeliness IS NOT NULL AND closed_on BETWEEN {starts_on} AND {ends_on}"
    is_pending = (
        "flow_status = 'placed' AND received_on <= {known_to} AND (timeliness IS NULL OR closed_on > {known_to})"
    )
    # Without a limit for handling, what has no deadline cannot be judged while it is open.
    is_judged = "(due_on IS NOT NULL OR EXISTS (SELECT 1 FROM marts.fct_complaint WHERE term_on IS NOT NULL))"
    is_late = "coalesce(due_on, term_on) < {known_to}"
    has_term = "(timeliness <> 'no_due_date' OR term_timeliness IS NOT NULL)"
    in_time = "(timeliness = 'in_time' OR (timeliness = 'no_due_date' AND term_timeliness = 'in_term'))"
    unplaced = "flow_status <> 'placed' AND received_on BETWEEN {starts_on} AND {ends_on}"
    return Figure(
        code="766-5.2",
        label_vi="Phản ánh, kiến nghị được xử lý đúng hạn",
        label_en="Complaints handled in time",
        mart="service_quality_766",
        formula="rate_pct = 100 × numerator / n_denominator",
        source=_766_SOURCE,
        page=_766_PAGE,
        numerator_is="complaints closed in time, or open and not past their deadline at the end",
        denominator_is="complaints closed in the period, or open at its end",
        left_out_is="complaints that cannot be judged",
        records=_records(
            "fct_complaint",
            f"(flow_status = 'placed' AND {closed}) OR ({is_pending}) OR ({unplaced})",
            f"CASE WHEN {is_pending} THEN {is_judged} AND NOT coalesce({is_late}, FALSE)"
            f" WHEN flow_status = 'placed' THEN {has_term} AND {in_time} ELSE FALSE END",
            f"CASE WHEN {is_pending} THEN {is_judged} WHEN flow_status = 'placed' THEN {has_term} ELSE FALSE END",
            f"CASE WHEN {is_pending} THEN NOT {is_judged} WHEN flow_status = 'placed' THEN NOT {has_term} ELSE TRUE END",
        ),
        stated=_stated_766("5.2"),
        known_in="complaint_handling",
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
        made_by="mean_of_percentages" if is_mean else "percentage",
    )
