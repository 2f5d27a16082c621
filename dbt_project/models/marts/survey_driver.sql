-- Every predictor has a row wherever its instrument has forms, also where no weight came out.
with form_month as (
    select
        placement_id,
        month_idx,
        instrument_code,
        count(*) as n_forms
    from {{ ref('int_driver_form') }}
    group by placement_id, month_idx, instrument_code
),

overall as (
    select
        ancestor.unit_code,
        ancestor.unit_valid_from,
        period.period_id,
        form_month.instrument_code,
        cast(sum(form_month.n_forms) as bigint) as n_forms
    from form_month
    inner join {{ ref('int_unit_ancestor') }} as ancestor
        on form_month.placement_id = ancestor.placement_id
    inner join {{ ref('int_period_month') }} as period
        on form_month.month_idx = period.month_idx
    group by ancestor.unit_code, ancestor.unit_valid_from, period.period_id, form_month.instrument_code
)

select
    overall.unit_code,
    overall.unit_valid_from,
    overall.period_id,
    overall.instrument_code,
    question.outcome_code,
    question.item_code as predictor_code,
    overall.n_forms,
    coalesce(estimate.n_forms_complete, 0) as n_forms_complete,
    overall.n_forms - coalesce(estimate.n_forms_complete, 0) as n_forms_incomplete,
    coalesce(estimate.n_predictors, 0) as n_predictors,
    cast(estimate.correlation as double precision) as correlation,
    cast(estimate.relative_weight as double precision) as relative_weight,
    cast(estimate.r_squared as double precision) as r_squared,
    cast(estimate.share_pct as double precision) as share_pct,
    estimate.caution,
    case
        when estimate.predictor_code is null then 'too_few_forms'
        else estimate.weight_missing_reason
    end as weight_missing_reason
from {{ ref('int_driver_question') }} as question
inner join overall
    on question.instrument_code = overall.instrument_code
left join {{ source('estimates', 'est_survey_driver') }} as estimate
    on
        overall.unit_code = estimate.unit_code
        and overall.unit_valid_from = estimate.unit_valid_from
        and overall.period_id = estimate.period_id
        and overall.instrument_code = estimate.instrument_code
        and question.item_code = estimate.predictor_code
where question.role = 'predictor'
