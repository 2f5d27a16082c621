-- Strata and clusters as the forms name them; a form without a cluster is a sampling unit of its own.
with form as (
    select
        round_code,
        cast(count(*) as bigint) as n_forms,
        count(*) * sum(weight * weight) as sum_of_squares,
        sum(weight) as sum_of_weights
    from {{ ref('int_survey_round_form') }}
    group by round_code
),

left_out as (
    select
        round_code,
        cast(sum(case when standing = 'no_place' then 1 else 0 end) as bigint) as n_forms_no_place,
        cast(sum(case when standing = 'no_weight' then 1 else 0 end) as bigint) as n_forms_no_weight
    from {{ ref('int_survey_round_response') }}
    group by round_code
),

stratum as (
    select
        round_code,
        stratum_id,
        max(n_1) as n_psus,
        max(has_fpc) as has_fpc,
        max(depth) as depth
    from {{ ref('int_survey_round_place') }}
    group by round_code, stratum_id
),

design as (
    select
        round_code,
        cast(count(*) as bigint) as n_strata,
        cast(sum(n_psus) as bigint) as n_psus,
        cast(sum(case when n_psus = 1 then 1 else 0 end) as bigint) as n_strata_single_psu,
        cast(sum(has_fpc) as bigint) as n_strata_fpc,
        cast(max(depth) as bigint) as n_stages
    from stratum
    group by round_code
)

select
    survey_round.code as round_code,
    survey_round.instrument_code,
    survey_round.first_on,
    survey_round.last_on,
    cast(case when survey_round.is_probability_sample = 'yes' then 1 else 0 end as bigint) as is_probability_sample,
    coalesce(form.n_forms, 0) as n_forms,
    coalesce(left_out.n_forms_no_place, 0) as n_forms_no_place,
    coalesce(left_out.n_forms_no_weight, 0) as n_forms_no_weight,
    coalesce(design.n_strata, 0) as n_strata,
    coalesce(design.n_psus, 0) as n_psus,
    coalesce(design.n_strata_single_psu, 0) as n_strata_single_psu,
    coalesce(design.n_strata_fpc, 0) as n_strata_fpc,
    coalesce(design.n_stages, 0) as n_stages,
    case
        when design.n_strata_fpc = design.n_strata then 'every_stratum'
        when design.n_strata_fpc > 0 then 'some_strata'
        when design.n_strata_fpc = 0 then 'none'
    end as fpc,
    cast(form.sum_of_weights as decimal(38, 4)) as sum_of_weights,
    {{ percent('form.sum_of_squares', '(form.sum_of_weights * form.sum_of_weights)') }} / 100 as weight_deff
from {{ ref('stg_survey_round') }} as survey_round
left join form
    on survey_round.code = form.round_code
left join left_out
    on survey_round.code = left_out.round_code
left join design
    on survey_round.code = design.round_code
