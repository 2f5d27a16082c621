-- Every option of a question has a row, also one that nobody chose, so that the shares of a question add up to 100.
with form_period as (
    select
        ancestor.unit_code,
        ancestor.unit_valid_from,
        period.period_id,
        form_month.instrument_code,
        cast(sum(form_month.n_forms) as bigint) as n_forms
    from {{ ref('int_survey_form_month') }} as form_month
    inner join {{ ref('int_unit_ancestor') }} as ancestor
        on form_month.placement_id = ancestor.placement_id
    inner join {{ ref('int_period_month') }} as period
        on form_month.month_idx = period.month_idx
    group by ancestor.unit_code, ancestor.unit_valid_from, period.period_id, form_month.instrument_code
),

answer_period as (
    select
        ancestor.unit_code,
        ancestor.unit_valid_from,
        period.period_id,
        month.instrument_code,
        month.question_code,
        month.option_code,
        cast(sum(month.n_answers) as bigint) as n_answers
    from {{ ref('int_survey_question_month') }} as month
    inner join {{ ref('int_unit_ancestor') }} as ancestor
        on month.placement_id = ancestor.placement_id
    inner join {{ ref('int_period_month') }} as period
        on month.month_idx = period.month_idx
    group by
        ancestor.unit_code,
        ancestor.unit_valid_from,
        period.period_id,
        month.instrument_code,
        month.question_code,
        month.option_code
),

question_option as (
    select
        item.instrument_code,
        item.node_code as question_code,
        item.question_kind,
        item.index_kind,
        answer_level.level as option_code,
        answer_level.answer_kind,
        answer_level.is_satisfied,
        answer_level.score
    from {{ ref('stg_instrument_item') }} as item
    inner join {{ ref('stg_answer_level') }} as answer_level
        on item.scale_code = answer_level.scale_code
    where item.node_level = 'item' and item.question_kind <> 'satisfaction'
),

counted as (
    select
        form_period.unit_code,
        form_period.unit_valid_from,
        form_period.period_id,
        form_period.instrument_code,
        question_option.question_code,
        question_option.option_code,
        question_option.question_kind,
        question_option.index_kind,
        question_option.answer_kind,
        question_option.is_satisfied,
        question_option.score,
        form_period.n_forms,
        coalesce(answer_period.n_answers, 0) as n_answers
    from form_period
    inner join question_option
        on form_period.instrument_code = question_option.instrument_code
    left join answer_period
        on
            form_period.unit_code = answer_period.unit_code
            and form_period.unit_valid_from = answer_period.unit_valid_from
            and form_period.period_id = answer_period.period_id
            and question_option.instrument_code = answer_period.instrument_code
            and question_option.question_code = answer_period.question_code
            and question_option.option_code = answer_period.option_code
),

question_period as (
    select
        unit_code,
        unit_valid_from,
        period_id,
        instrument_code,
        question_code,
        sum(case when answer_kind = 'valid' then n_answers else 0 end) as n_valid,
        sum(case when answer_kind = 'dont_know' then n_answers else 0 end) as n_dont_know,
        sum(case when answer_kind = 'valid' then n_answers * is_satisfied else 0 end) as n_counted,
        sum(case when answer_kind = 'valid' then n_answers * score else 0 end) as score_sum,
        sum(case when answer_kind = 'valid' and score is null then 1 else 0 end) as n_unscored_options
    from counted
    group by unit_code, unit_valid_from, period_id, instrument_code, question_code
)

select
    counted.unit_code,
    counted.unit_valid_from,
    counted.period_id,
    counted.instrument_code,
    counted.question_code,
    counted.option_code,
    counted.question_kind,
    counted.n_forms,
    cast(question_period.n_valid as bigint) as n_valid,
    counted.n_answers,
    {{ percent('counted.n_answers', 'question_period.n_valid') }} as share_pct,
    cast(question_period.n_dont_know as bigint) as n_dont_know,
    cast(counted.n_forms - question_period.n_valid - question_period.n_dont_know as bigint) as n_missing,
    counted.index_kind,
    case
        when counted.index_kind = 'satisfied_share'
            then {{ percent('question_period.n_counted', 'question_period.n_valid') }}
        when counted.index_kind = 'scaled' and question_period.n_unscored_options = 0
            then {{ percent('question_period.score_sum', '(100 * question_period.n_valid)') }}
    end as index_pct
from counted
inner join question_period
    on
        counted.unit_code = question_period.unit_code
        and counted.unit_valid_from = question_period.unit_valid_from
        and counted.period_id = question_period.period_id
        and counted.instrument_code = question_period.instrument_code
        and counted.question_code = question_period.question_code
where counted.answer_kind = 'valid'
