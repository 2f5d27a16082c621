with unit_group as (
    select
        path.unit_code,
        path.unit_valid_from,
        unit.unit_level,
        above.unit_code as group_code,
        above.unit_valid_from as group_valid_from,
        min(path.in_force_from) as in_force_from,
        max(path.in_force_to) as in_force_to
    from {{ ref('int_unit_path') }} as path
    inner join {{ ref('int_unit_ancestor') }} as above
        on path.placement_id = above.placement_id
    inner join {{ ref('int_unit') }} as unit
        on path.unit_code = unit.unit_code and path.unit_valid_from = unit.unit_valid_from
    where path.unassigned_of is null and above.unit_code <> path.unit_code
    group by path.unit_code, path.unit_valid_from, unit.unit_level, above.unit_code, above.unit_valid_from
),

period as (
    select
        period_id,
        min(starts_on) as starts_on,
        max(ends_on) as ends_on
    from {{ ref('int_period_month') }}
    group by period_id
),

answered as (
    select
        sums.unit_code,
        sums.unit_valid_from,
        sums.period_id,
        sums.instrument_code,
        sums.node_code,
        sums.node_level,
        case when coalesce(mean_of_parts.n_parts, 1) = 1 then 1 else 0 end as is_pooled
    from {{ ref('int_survey_node_sums') }} as sums
    left join {{ ref('int_survey_mean_of_parts') }} as mean_of_parts
        on
            sums.territory_basis = mean_of_parts.territory_basis
            and sums.unit_code = mean_of_parts.unit_code
            and sums.unit_valid_from = mean_of_parts.unit_valid_from
            and sums.period_id = mean_of_parts.period_id
            and sums.instrument_code = mean_of_parts.instrument_code
            and sums.node_code = mean_of_parts.node_code
            and sums.breakdown = mean_of_parts.breakdown
            and sums.breakdown_value = mean_of_parts.breakdown_value
    where
        sums.territory_basis = 'as_reported'
        and sums.breakdown = '*'
        and sums.node_level in ('overall', 'area', 'factor')
        and sums.n_answers > 0
)

select
    'period' as basis,
    unit_group.group_code,
    unit_group.group_valid_from,
    unit_group.unit_level,
    period.period_id as edition_id,
    whole.instrument_code,
    whole.node_code,
    whole.node_level,
    unit_group.unit_code,
    unit_group.unit_valid_from,
    case
        when answered.node_code is null then 'no_data'
        -- Others have taken over its people: ranked beside them it would count them twice.
        when unit_group.in_force_to < period.ends_on then 'ended'
    end as left_out,
    answered.is_pooled
from unit_group
inner join answered as whole
    on unit_group.group_code = whole.unit_code and unit_group.group_valid_from = whole.unit_valid_from
inner join period
    on
        whole.period_id = period.period_id
        and unit_group.in_force_from <= period.ends_on
        and unit_group.in_force_to >= period.starts_on
left join answered
    on
        unit_group.unit_code = answered.unit_code
        and unit_group.unit_valid_from = answered.unit_valid_from
        and whole.period_id = answered.period_id
        and whole.instrument_code = answered.instrument_code
        and whole.node_code = answered.node_code
where answered.node_code is not null or unit_group.in_force_to >= period.ends_on
