with parent_candidate as (
    select
        unit.unit_code,
        unit.unit_valid_from,
        above.unit_valid_from as parent_valid_from,
        -- The unit above on the first day; where none was in force then, the first one that followed.
        row_number() over (
            partition by unit.unit_code, unit.unit_valid_from
            order by
                case when above.unit_valid_from <= unit.unit_valid_from then 0 else 1 end,
                above.unit_valid_from
        ) as choice
    from {{ ref('int_unit') }} as unit
    inner join {{ ref('int_unit') }} as above
        on
            unit.parent_code = above.unit_code
            and above.unit_valid_from <= unit.unit_valid_to
            and above.unit_valid_to >= unit.unit_valid_from
),

office as (
    select
        unit_code,
        unit_valid_from,
        office_code,
        row_number() over (partition by unit_code, unit_valid_from order by in_force_from desc) as choice
    from {{ ref('int_unit_path') }}
),

unassigned as (
    select distinct
        unit_code,
        unit_valid_from,
        unassigned_of
    from {{ ref('int_unit_path') }}
    where unassigned_of is not null
),

named_unit as (
    select
        unit.unit_code,
        unit.unit_valid_from,
        unit.unit_valid_to,
        unit.unit_level,
        unit.unit_name,
        unit.parent_code,
        parent_candidate.parent_valid_from
    from {{ ref('int_unit') }} as unit
    left join parent_candidate
        on
            unit.unit_code = parent_candidate.unit_code
            and unit.unit_valid_from = parent_candidate.unit_valid_from
            and parent_candidate.choice = 1
),

every_unit as (
    select
        unit_code,
        unit_valid_from,
        unit_valid_to,
        unit_level,
        unit_name,
        parent_code,
        parent_valid_from
    from named_unit
    union all
    select
        unassigned.unit_code,
        unassigned.unit_valid_from,
        root.unit_valid_to,
        'unassigned' as unit_level,
        'Chưa rõ đơn vị (' || root.unit_name || ')' as unit_name,
        root.unit_code as parent_code,
        root.unit_valid_from as parent_valid_from
    from unassigned
    inner join named_unit as root
        on unassigned.unassigned_of = root.unit_code and unassigned.unit_valid_from = root.unit_valid_from
)

select
    every_unit.unit_code,
    every_unit.unit_valid_from,
    nullif(every_unit.unit_valid_to, cast('9999-12-31' as date)) as unit_valid_to,
    every_unit.unit_level,
    every_unit.unit_name,
    every_unit.parent_code,
    every_unit.parent_valid_from,
    office.office_code
from every_unit
left join office
    on
        every_unit.unit_code = office.unit_code
        and every_unit.unit_valid_from = office.unit_valid_from
        and office.choice = 1
