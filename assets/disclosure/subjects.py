"""What open tables count: the subjects, each with the tables that show the same records, as rows of unit and period.

One row of a subject stands for all rows of its tables of that unit and period. It is small when one of the counts that
figures rest on is small in any of them. What is hidden because of that is decided elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from assets.disclosure.rows import CLASS_ITEMS, COMPLAINT_ITEMS, LEVELS

# Records of one kind leave no trace when they move: answered and satisfied with every item; received and settled in time
# within the period, with known working days. `spare` counts them as far as the tables tell; one record stays in a row, for a
# row of zeros would be shown.
_CASE_LABEL_SPARE = "least(n_received, n_in_time, n_working_days)"
_CASE_SPARE = "least(n_received - 1, n_in_time, n_working_days)"
_COMPLAINT_LABEL_SPARE = "least(n_received - n_received_no_due_date, n_closed_in_time, n_working_days)"
_COMPLAINT_SPARE = "least(n_received - 1, n_received - n_received_no_due_date, n_closed_in_time, n_working_days)"
_SURVEY_SPARE = (
    "cast(min(case when node_level = 'item' and n_forms_answered > 0"
    " then least(n_satisfied, n_forms_answered - 1) end) as bigint)"
)
_KEY = "unit_code, cast(unit_valid_from as varchar) as unit_valid_from, period_id"


@dataclass(frozen=True)
class Subject:
    """Records of one kind. `rows`: SELECT of unit_code, unit_valid_from, period_id, part, n, is_small, has_any, spare, one row
    per unit, period and part. `labels`: SELECTs of the same key, part, kind, label and spare: shown sums of labels, which an
    exchange must keep. `tables`: what they read, besides which nothing is asked. `under`: subject whose hidden rows are
    hidden here too, with its part. `withheld`: breakdowns of the same records, by name: SELECTs as of `labels` with n and
    is_small; a breakdown of a unit and period is shown whole or left out whole. `attributes`: SELECTs alike, of what other columns
    of the same row tell of the records, with is_share instead of is_small: where a row is hidden, or the attribute before,
    so is this one, and each count that a share is made of keeps its values. `opening`: SELECT of the key and part of rows from
    before an office began, which are left out: what was received then is the stock that its first period opens with."""

    name: str
    tables: tuple[str, ...]
    rows: str
    labels: Sequence[str] = ()
    under: str | None = None
    withheld: dict[str, str] = field(default_factory=dict)
    attributes: dict[str, str] = field(default_factory=dict)
    opening: str | None = None


def _small(minimum_n: int, *columns: str) -> str:
    return "(" + " or ".join(f"{column} between 1 and {minimum_n - 1}" for column in columns) + ")"


def subjects(minimum_n: int) -> tuple[Subject, ...]:
    """The subjects in an order in which each comes after the one it stands under."""
    return (_survey(minimum_n), _questions(minimum_n), _rounds(minimum_n), _cases(minimum_n), _complaints(minimum_n),
            _evaluations(minimum_n), _qualities(minimum_n))  # fmt: skip


def _flag(condition: str) -> str:
    return f"cast(max(case when {condition} then 1 else 0 end) as integer)"


def _opening(mart: str, total: str, n_ended: str) -> str:
    """SELECT of the rows of `mart` for which `total` holds, as unit_code, unit_valid_from (text) and period_id, that end before
    the first month in which the unit above ended a record, or the unit itself where none above it has any."""
    return f"""with began as (
            select ended.unit_code, ended.unit_valid_from, min(month.first_month_id) as month_id
            from marts.{mart} as ended
            inner join marts.dim_reporting_period as month on ended.period_id = month.period_id
            where month.period_kind = 'month' and {n_ended} > 0 and {total}
            group by ended.unit_code, ended.unit_valid_from
        )
        select every.unit_code, cast(every.unit_valid_from as varchar) as unit_valid_from, every.period_id
        from marts.{mart} as every
        inner join marts.dim_reporting_period as period on every.period_id = period.period_id
        inner join marts.dim_admin_unit as unit
        on every.unit_code = unit.unit_code and every.unit_valid_from = unit.unit_valid_from
        left join began as above on unit.parent_code = above.unit_code and unit.parent_valid_from = above.unit_valid_from
        left join began as own on unit.unit_code = own.unit_code and unit.unit_valid_from = own.unit_valid_from
        where period.last_month_id < coalesce(above.month_id, own.month_id) and {total}"""


_CASE_OPENING = _opening("case_settlement", "procedure_field = '*'", "n_settled + n_withdrawn")
_COMPLAINT_OPENING = _opening("complaint_handling", "channel = '*' and class = '*'", "n_closed")


def _survey(minimum_n: int) -> Subject:
    return Subject(
        "period",
        ("sipas_index",),
        f"""select {_KEY}, instrument_code as part, cast(max(n_forms) as bigint) as n,
        {_flag(_small(minimum_n, "n_forms", "n_forms_answered"))} as is_small, {_flag("n_forms > 0")} as has_any,
        {_SURVEY_SPARE} as spare
        from marts.sipas_index group by unit_code, unit_valid_from, period_id, instrument_code""",
    )


def _questions(minimum_n: int) -> Subject:
    return Subject(
        "question",
        ("survey_question",),
        f"""select {_KEY}, concat(instrument_code, '/', question_code) as part, cast(max(n_valid) as bigint) as n,
        {_flag(_small(minimum_n, "n_valid"))} as is_small, {_flag("n_forms > 0")} as has_any,
        cast(max(n_valid) - 1 as bigint) as spare
        from marts.survey_question group by unit_code, unit_valid_from, period_id, instrument_code, question_code""",
        [
            f"""select {_KEY}, concat(instrument_code, '/', question_code) as part, 'option' as kind,
            option_code as label, cast(n_answers as bigint) as spare from marts.survey_question"""
        ],
        under="period",
        attributes={
            "option": f"""select {_KEY}, concat(instrument_code, '/', question_code) as part, 'option' as kind,
            option_code as label, cast(n_answers as bigint) as n, case when n_answers > 0 then 1 else 0 end as is_share,
            cast(n_answers as bigint) as spare from marts.survey_question"""
        },
    )


def _rounds(minimum_n: int) -> Subject:
    return Subject(
        "round",
        ("sipas_round",),
        f"""select unit_code, cast(unit_valid_from as varchar) as unit_valid_from, round_code as period_id,
        instrument_code as part, cast(max(n_forms) as bigint) as n,
        {_flag(_small(minimum_n, "n_forms", "n_forms_answered"))} as is_small, {_flag("n_forms > 0")} as has_any,
        {_SURVEY_SPARE} as spare
        from marts.sipas_round where breakdown = '*'
        group by unit_code, unit_valid_from, round_code, instrument_code""",
    )


def _cases(minimum_n: int) -> Subject:
    counts = ("n_received", "n_with_due_date", "n_working_days")
    any_ = "n_opening + n_received + n_settled + n_withdrawn + n_pending > 0"
    none = f"({' + '.join(counts)} = 0 and {any_})"
    bases = ("early", "on_day", "late", "unclassified")
    return Subject(
        "case",
        ("case_settlement", "case_supplement_basis"),
        f"""with of_basis as (
            select unit_code, unit_valid_from, period_id,
            {_flag(_small(minimum_n, "n_settled", "n_classified"))} as is_small
            from marts.case_supplement_basis group by unit_code, unit_valid_from, period_id
        )
        select total.unit_code, cast(total.unit_valid_from as varchar) as unit_valid_from, total.period_id, '' as part,
        n_received as n,
        greatest(case when {_small(minimum_n, *counts)} or {none} then 1 else 0 end, coalesce(of_basis.is_small, 0))
            as is_small,
        case when {any_} then 1 else 0 end as has_any, {_CASE_SPARE} as spare
        from marts.case_settlement as total left join of_basis on total.unit_code = of_basis.unit_code
        and total.unit_valid_from = of_basis.unit_valid_from and total.period_id = of_basis.period_id
        where procedure_field = '*'""",
        [
            f"""select {_KEY}, '' as part, 'field' as kind, procedure_field as label, {_CASE_LABEL_SPARE} as spare
            from marts.case_settlement where procedure_field <> '*'""",
            *(
                f"""select {_KEY}, '' as part, 'channel' as kind, '{channel}' as label, n_received_{channel} as spare
                from marts.case_settlement where procedure_field = '*'"""
                for channel in ("online", "direct", "postal", "other")
            ),
            *(
                f"""select {_KEY}, '' as part, 'basis ' || basis as kind, '{standing}' as label, n_{standing} as spare
                from marts.case_supplement_basis"""
                for standing in bases
            ),
        ],
        withheld={
            "case_field": f"""select {_KEY}, '' as part, 'field' as kind, procedure_field as label, n_received as n,
            case when {_small(minimum_n, *counts)} or {none} then 1 else 0 end as is_small, {_CASE_LABEL_SPARE} as spare
            from marts.case_settlement where procedure_field <> '*'""",
        },
        attributes={
            "case_online": _channels("online", "offline"),
            "case_postal": _channels("postal", "direct", "other"),
        },
        opening=f"select *, '' as part from ({_CASE_OPENING}) as opening",
    )


def _channels(share: str, *others: str) -> str:
    """SELECT of attributes: cases by how they were filed; a share is made of the first channel."""
    return " union all ".join(
        f"""select {_KEY}, '' as part, 'channel' as kind, '{channel}' as label, {count} as n,
        {f"case when {count} > 0 then 1 else 0 end" if channel == share else "0"} as is_share, {count} as spare
        from marts.case_settlement where procedure_field = '*'"""
        for channel in (share, *others)
        for count in ["n_received - n_received_online" if channel == "offline" else f"n_received_{channel}"]
    )


def _complaints(minimum_n: int) -> Subject:
    counts = ("n_received", "n_with_due_date", "n_with_due_date_or_term", "n_working_days")
    any_ = "n_opening + n_received + n_closed + n_pending > 0"
    small = f"{_small(minimum_n, *counts)} or ({' + '.join(counts)} = 0 and {any_})"
    by = {"complaint_channel": ("channel", "class"), "complaint_class": ("class", "channel")}
    return Subject(
        "complaint",
        ("complaint_handling",),
        f"""select {_KEY}, '' as part, n_received as n, case when {small} then 1 else 0 end as is_small,
        case when {any_} then 1 else 0 end as has_any, {_COMPLAINT_SPARE} as spare
        from marts.complaint_handling where channel = '*' and class = '*'""",
        [
            f"""select {_KEY}, '' as part, '{column}' as kind, {column} as label, {_COMPLAINT_LABEL_SPARE} as spare
            from marts.complaint_handling where {column} <> '*' and {other} = '*'"""
            for column, other in by.values()
        ],
        withheld={
            name: f"""select {_KEY}, '' as part, '{column}' as kind, {column} as label, n_received as n,
            case when {small} then 1 else 0 end as is_small, {_COMPLAINT_LABEL_SPARE} as spare
            from marts.complaint_handling where {column} <> '*' and {other} = '*'"""
            for name, (column, other) in by.items()
        },
        opening=f"select *, '' as part from ({_COMPLAINT_OPENING}) as opening",
    )


def _evaluations(minimum_n: int) -> Subject:
    return Subject(
        "evaluation",
        ("one_stop_evaluation",),
        f"""select {_KEY}, '' as part, n_forms as n,
        case when {_small(minimum_n, "n_forms", "n_overall")} then 1 else 0 end as is_small,
        case when n_forms > 0 then 1 else 0 end as has_any, n_forms - 1 as spare
        from marts.one_stop_evaluation where weighting = 'forms'""",
        [
            f"""select {_KEY}, '' as part, 'level' as kind, '{level}' as label,
            case when n_overall > 0 then n_{level} else n_forms end as spare
            from marts.one_stop_evaluation where weighting = 'forms'"""
            for level in LEVELS
        ],
        attributes={
            "level": " union all ".join(
                f"""select {_KEY}, '' as part, 'level' as kind, '{level}' as label, n_{level} as n,
                case when n_{level} > 0 then 1 else 0 end as is_share,
                n_{level} as spare from marts.one_stop_evaluation where weighting = 'forms'"""
                for level in LEVELS
            )
        },
    )


def _qualities(minimum_n: int) -> Subject:
    items = ", ".join(f"'{item}'" for item in COMPLAINT_ITEMS)
    of_records = ((f"not in ({items})", _CASE_OPENING), (f"in ({items})", _COMPLAINT_OPENING))
    # What these tell stands in another table too, and is hidden where it is hidden there; of the others records that meet the
    # item are exchanged, so that the numerator keeps its values with the row. 2.2 counts days, 3.2 procedures, no one's records.
    told_elsewhere = ", ".join(f"'{item}'" for item in (*CLASS_ITEMS, "3.3"))
    return Subject(
        "quality",
        ("service_quality_766",),
        f"""select {_KEY}, item_code as part, n_denominator as n,
        case when {_small(minimum_n, "n_denominator")} and item_code <> '3.2' then 1 else 0 end as is_small,
        case when n_denominator + n_left_out > 0 then 1 else 0 end as has_any, n_denominator - 1 as spare
        from marts.service_quality_766""",
        [
            f"""select {_KEY}, item_code as part, 'flag' as kind, 'yes' as label,
            case when item_code in ('2.2', '3.2') then n_denominator else numerator end as spare
            from marts.service_quality_766""",
            f"""select {_KEY}, item_code as part, 'flag' as kind, 'no' as label,
            n_denominator - numerator as spare from marts.service_quality_766 where item_code in ({told_elsewhere})""",
        ],
        under="case or complaint",
        opening=" union all ".join(
            f"""select opening.*, item.item_code as part from ({opening}) as opening
            inner join marts.service_quality_766 as item on opening.unit_code = item.unit_code
            and opening.unit_valid_from = cast(item.unit_valid_from as varchar) and opening.period_id = item.period_id
            where item.item_code {condition}"""
            for condition, opening in of_records
        ),
    )


def part_under(subject: str, part: str) -> tuple[str, str]:
    """Subject and part whose hidden rows are hidden in this part too."""
    if subject == "question":
        return "period", part.rsplit("/", 1)[0]
    if subject == "quality" and part in COMPLAINT_ITEMS:
        return "complaint", ""
    return "case", ""
