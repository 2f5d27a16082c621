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

edition as (
    select
        'period' as basis,
        period_id as edition_id,
        min(starts_on) as starts_on,
        max(ends_on) as ends_on
    from {{ ref('int_period_month') }}
    group by period_id
    union all
    select
        'round' as basis,
        code as edition_id,
        first_on as starts_on,
        last_on as ends_on
    from {{ ref('stg_survey_round') }}
),

answered as (
    select
        basis,
        edition_id,
        unit_code,
        unit_valid_from,
        instrument_code,
        node_code,
        node_level,
        is_pooled
    from {{ ref('int_index_answered') }}
    where node_level in ('overall', 'area', 'factor')
)

select
    whole.basis,
    unit_group.group_code,
    unit_group.group_valid_from,
    unit_group.unit_level,
    whole.edition_id,
    whole.instrument_code,
    whole.node_code,
    whole.node_level,
    unit_group.unit_code,
    unit_group.unit_valid_from,
    case
        when answered.node_code is null then 'no_data'
        -- Others have taken over its people: ranked beside them it would count them twice.
        when unit_group.in_force_to < edition.ends_on then 'ended'
    end as left_out,
    answered.is_pooled
from unit_group
inner join answered as whole
    on unit_group.group_code = whole.unit_code and unit_group.group_valid_from = whole.unit_valid_from
inner join edition
    on
        whole.basis = edition.basis
        and whole.edition_id = edition.edition_id
        and unit_group.in_force_from <= edition.ends_on
        and unit_group.in_force_to >= edition.starts_on
left join answered
    on
        unit_group.unit_code = answered.unit_code
        and unit_group.unit_valid_from = answered.unit_valid_from
        and whole.basis = answered.basis
        and whole.edition_id = answered.edition_id
        and whole.instrument_code = answered.instrument_code
        and whole.node_code = answered.node_code
where answered.node_code is not null or unit_group.in_force_to >= edition.ends_on
