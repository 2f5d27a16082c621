select
    above.unit_code,
    above.unit_valid_from,
    period.period_id,
    form.evaluation_id,
    form.unit_code as own_unit_code,
    form.unit_valid_from as own_unit_valid_from,
    number.record_id,
    form.evaluated_on,
    form.index_1,
    form.index_2,
    form.index_3,
    form.index_4,
    form.index_6,
    form.index_7,
    form.civil_servant_points,
    form.overall
from {{ ref('fct_case_evaluation') }} as form
inner join {{ ref('int_case_evaluation') }} as placed
    on form.evaluation_id = placed.evaluation_id
inner join {{ ref('int_unit_ancestor') }} as above
    on placed.placement_id = above.placement_id
inner join {{ ref('int_period_month') }} as period
    on form.month_id = period.month_id and period.period_kind in ('month', 'quarter')
left join {{ ref('case_number') }} as number
    on form.case_id = number.case_id
