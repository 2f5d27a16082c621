with self_or_above as (
    select
        placement_id,
        unit_code,
        unit_valid_from
    from {{ ref('int_unit_path') }}
    {%- for level in range(4) %}
    union all
    select
        placement_id,
        code_{{ level }} as unit_code,
        from_{{ level }} as unit_valid_from
    from {{ ref('int_unit_path') }}
    where code_{{ level }} is not null and code_{{ level }} <> unit_code
    {%- endfor %}
)

select
    placement_id,
    unit_code,
    unit_valid_from
from self_or_above
