-- Four levels are enough: a root, and at most province, district and commune. A test watches for a fifth.
with level_0 as (
    select
        unit.unit_code as code_0,
        unit.unit_valid_from as from_0,
        unit.unit_valid_from as in_force_from,
        unit.unit_valid_to as in_force_to
    from {{ ref('int_unit') }} as unit
    inner join {{ ref('stg_office_root') }} as root
        on unit.unit_code = root.office_code
),

level_1 as (
    select
        above.code_0,
        above.from_0,
        unit.unit_code as code_1,
        unit.unit_valid_from as from_1,
        greatest(unit.unit_valid_from, above.in_force_from) as in_force_from,
        least(unit.unit_valid_to, above.in_force_to) as in_force_to
    from level_0 as above
    inner join {{ ref('int_unit') }} as unit
        on
            above.code_0 = unit.parent_code
            and unit.unit_valid_from <= above.in_force_to
            and unit.unit_valid_to >= above.in_force_from
),

level_2 as (
    select
        above.code_0,
        above.from_0,
        above.code_1,
        above.from_1,
        unit.unit_code as code_2,
        unit.unit_valid_from as from_2,
        greatest(unit.unit_valid_from, above.in_force_from) as in_force_from,
        least(unit.unit_valid_to, above.in_force_to) as in_force_to
    from level_1 as above
    inner join {{ ref('int_unit') }} as unit
        on
            above.code_1 = unit.parent_code
            and unit.unit_valid_from <= above.in_force_to
            and unit.unit_valid_to >= above.in_force_from
),

level_3 as (
    select
        above.code_0,
        above.from_0,
        above.code_1,
        above.from_1,
        above.code_2,
        above.from_2,
        unit.unit_code as code_3,
        unit.unit_valid_from as from_3,
        greatest(unit.unit_valid_from, above.in_force_from) as in_force_from,
        least(unit.unit_valid_to, above.in_force_to) as in_force_to
    from level_2 as above
    inner join {{ ref('int_unit') }} as unit
        on
            above.code_2 = unit.parent_code
            and unit.unit_valid_from <= above.in_force_to
            and unit.unit_valid_to >= above.in_force_from
),

every_path as (
    select
        code_0 as unit_code,
        from_0 as unit_valid_from,
        in_force_from,
        in_force_to,
        code_0,
        from_0,
        cast(null as text) as code_1,
        cast(null as date) as from_1,
        cast(null as text) as code_2,
        cast(null as date) as from_2,
        cast(0 as bigint) as depth
    from level_0
    union all
    select
        code_1 as unit_code,
        from_1 as unit_valid_from,
        in_force_from,
        in_force_to,
        code_0,
        from_0,
        code_1,
        from_1,
        cast(null as text) as code_2,
        cast(null as date) as from_2,
        cast(1 as bigint) as depth
    from level_1
    union all
    select
        code_2 as unit_code,
        from_2 as unit_valid_from,
        in_force_from,
        in_force_to,
        code_0,
        from_0,
        code_1,
        from_1,
        code_2,
        from_2,
        cast(2 as bigint) as depth
    from level_2
    union all
    select
        code_3 as unit_code,
        from_3 as unit_valid_from,
        in_force_from,
        in_force_to,
        code_0,
        from_0,
        code_1,
        from_1,
        code_2,
        from_2,
        cast(3 as bigint) as depth
    from level_3
),

lower_unit as (
    select distinct unit_code
    from every_path
    where depth > 0
),

-- A root below another root is reported under the upper one only, so that nothing is counted twice.
named_path as (
    select
        path.unit_code,
        path.unit_valid_from,
        path.in_force_from,
        path.in_force_to,
        path.code_0,
        path.from_0,
        path.code_1,
        path.from_1,
        path.code_2,
        path.from_2,
        path.depth
    from every_path as path
    left join lower_unit
        on path.code_0 = lower_unit.unit_code
    where lower_unit.unit_code is null
),

root_path as (
    select
        path.unit_code,
        path.unit_valid_from,
        path.in_force_to,
        path.code_0,
        path.from_0,
        path.code_1,
        path.from_1,
        path.code_2,
        path.from_2,
        path.depth,
        lag(path.in_force_to) over (partition by path.unit_code order by path.in_force_from) as previous_to,
        lead(path.in_force_from) over (partition by path.unit_code order by path.in_force_from) as next_from
    from named_path as path
    inner join {{ ref('stg_office_root') }} as root
        on path.unit_code = root.office_code
),

-- What has no unit must have a place on every day, also before and after the root was in force.
unassigned_path as (
    select
        unit_code || '~' as unit_code,
        unit_valid_from,
        cast(coalesce(previous_to + 1, cast('0001-01-01' as date)) as date) as in_force_from,
        cast(case when next_from is null then cast('9999-12-31' as date) else in_force_to end as date) as in_force_to,
        code_0,
        from_0,
        code_1,
        from_1,
        code_2,
        from_2,
        case when depth = 3 then unit_code end as code_3,
        case when depth = 3 then unit_valid_from end as from_3,
        unit_code as unassigned_of
    from root_path
),

placement as (
    select
        unit_code,
        unit_valid_from,
        in_force_from,
        in_force_to,
        code_0,
        from_0,
        code_1,
        from_1,
        code_2,
        from_2,
        cast(null as text) as code_3,
        cast(null as date) as from_3,
        cast(null as text) as unassigned_of
    from named_path
    union all
    select
        unit_code,
        unit_valid_from,
        in_force_from,
        in_force_to,
        code_0,
        from_0,
        code_1,
        from_1,
        code_2,
        from_2,
        code_3,
        from_3,
        unassigned_of
    from unassigned_path
)

select
    cast(row_number() over (order by unit_code, unit_valid_from, in_force_from) as bigint) as placement_id,
    unit_code,
    unit_valid_from,
    in_force_from,
    in_force_to,
    code_0 as office_code,
    code_0,
    from_0,
    code_1,
    from_1,
    code_2,
    from_2,
    code_3,
    from_3,
    unassigned_of
from placement
