select
    ancestor.unit_code,
    ancestor.unit_valid_from,
    period.period_id,
    month.instrument_code,
    one.outcome_code,
    one.item_code,
    other.item_code as other_code,
    cast(sum(month.n_forms) as bigint) as n_forms,
    cast(sum(month.sum_score) as bigint) as sum_score,
    cast(sum(month.sum_other) as bigint) as sum_other,
    cast(sum(month.sum_product) as bigint) as sum_product
from {{ ref('int_survey_driver_month') }} as month
inner join {{ ref('int_driver_question') }} as one
    on month.question_id = one.question_id
inner join {{ ref('int_driver_question') }} as other
    on month.other_id = other.question_id
inner join {{ ref('int_unit_ancestor') }} as ancestor
    on month.placement_id = ancestor.placement_id
inner join {{ ref('int_period_month') }} as period
    on month.month_idx = period.month_idx
group by
    ancestor.unit_code, ancestor.unit_valid_from, period.period_id, month.instrument_code, one.outcome_code,
    one.item_code, other.item_code
