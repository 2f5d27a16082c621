{# Nothing stands below the lowest level the paths reach; it would be counted nowhere. #}
{% test no_deeper_unit(model) %}
select
    below.unit_code,
    below.parent_code
from {{ ref('int_unit') }} as below
inner join {{ model }} as path
    on below.parent_code = path.unit_code
left join {{ model }} as known
    on below.unit_code = known.unit_code
where
    known.unit_code is null
    and below.unit_valid_from <= path.in_force_to
    and below.unit_valid_to >= path.in_force_from
{% endtest %}
