-- Where validities of one code overlap, the later unit wins from its first day on.
with unit as (
    select
        code,
        valid_from,
        level,
        name,
        parent_code,
        coalesce(valid_to, cast('9999-12-31' as date)) as stated_to,
        lead(valid_from) over (partition by code order by valid_from) as next_from
    from {{ ref('stg_admin_unit') }}
)

select
    code as unit_code,
    valid_from as unit_valid_from,
    cast(
        case when next_from <= stated_to then next_from - 1 else stated_to end as date
    ) as unit_valid_to,
    level as unit_level,
    name as unit_name,
    parent_code
from unit
