-- Every predictor has a row wherever its instrument has forms, also where no weight came out.
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
inner join {{ ref('sipas_index') }} as overall
    on question.instrument_code = overall.instrument_code and question.outcome_code = overall.node_code
left join {{ source('estimates', 'est_survey_driver') }} as estimate
    on
        overall.unit_code = estimate.unit_code
        and overall.unit_valid_from = estimate.unit_valid_from
        and overall.period_id = estimate.period_id
        and overall.instrument_code = estimate.instrument_code
        and question.item_code = estimate.predictor_code
where question.role = 'predictor'
