{# On no day does one key have two rows. #}
{% test no_overlap(model, key, from_column, to_column) %}
select
    {{ key }},
    {{ from_column }},
    previous_to
from (
    select
        {{ key }},
        {{ from_column }},
        lag({{ to_column }}) over (partition by {{ key }} order by {{ from_column }}) as previous_to
    from {{ model }}
) as spans
where {{ from_column }} <= previous_to
{% endtest %}
