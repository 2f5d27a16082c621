{#
    Per key, the sum of each measure over the rows that meet the condition equals that of the other model; a key that one
    of them lacks counts as 0.
#}
{% test same_sums(model, other, keys, condition, other_condition, measures) %}
with here as (
    select
        {{ keys | join(', ') }},
        {% for measure in measures %}
        sum({{ measure[0] }}) as here_{{ loop.index }}{{ ',' if not loop.last }}
        {% endfor %}
    from {{ model }}
    where {{ condition }}
    group by {{ keys | join(', ') }}
),

there as (
    select
        {{ keys | join(', ') }},
        {% for measure in measures %}
        sum({{ measure[1] }}) as there_{{ loop.index }}{{ ',' if not loop.last }}
        {% endfor %}
    from {{ other }}
    where {{ other_condition }}
    group by {{ keys | join(', ') }}
)

select *
from here
full join there
    using ({{ keys | join(', ') }})
where
    {% for measure in measures %}
    coalesce(here_{{ loop.index }}, 0) <> coalesce(there_{{ loop.index }}, 0) {{ 'or' if not loop.last }}
    {% endfor %}
{% endtest %}
