with form_node as (
    select
        response.placement_id,
        response.month_idx,
        {% for breakdown in survey_breakdowns() %}
        coalesce(response.{{ breakdown }}, '~') as {{ breakdown }},
        {% endfor %}
        form_node.node_id,
        form_node.n_answers,
        form_node.n_satisfied,
        form_node.n_dont_know
    from {{ ref('int_survey_form_node') }} as form_node
    inner join {{ ref('int_survey_response') }} as response
        on form_node.response_id = response.response_id
)

select
    placement_id,
    month_idx,
    node_id,
    {{ breakdown_columns() }},
    cast(sum(n_answers) as bigint) as n_answers,
    cast(sum(n_satisfied) as bigint) as n_satisfied,
    cast(sum(n_dont_know) as bigint) as n_dont_know,
    cast(sum(case when n_answers > 0 then 1 else 0 end) as bigint) as n_forms_answered,
    cast(sum(n_satisfied * n_satisfied) as bigint) as sum_satisfied_squared,
    cast(sum(n_satisfied * n_answers) as bigint) as sum_satisfied_answers,
    cast(sum(n_answers * n_answers) as bigint) as sum_answers_squared
from form_node
group by {{ breakdown_sets(['placement_id', 'month_idx', 'node_id']) }}
