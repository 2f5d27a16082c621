-- A group is a number here, NULL where the row is not broken down: text would be hashed for each form, node and
-- breakdown. The breakdowns stand one after another: DuckDB would keep the whole input of grouping sets.
with form as (
    select
        form.response_id,
        form.placement_id,
        form.weight,
        cast(form.weight * form.weight as decimal(36, 8)) as weight_squared,
        {% for breakdown in survey_breakdowns() %}
        coalesce({{ breakdown }}_group.group_id, 0) as {{ breakdown }},
        {% endfor %}
        place.place_id
    from {{ ref('int_survey_round_form') }} as form
    inner join {{ ref('int_survey_round_place') }} as place
        on
            form.round_code = place.round_code
            and coalesce(form.stratum, '') = coalesce(place.stratum, '')
            and coalesce(form.psu, '') = coalesce(place.psu, '')
            and coalesce(form.ssu, '') = coalesce(place.ssu, '')
    {%- for breakdown in survey_breakdowns() %}
    left join {{ ref('int_survey_round_group') }} as {{ breakdown }}_group
        on
            form.round_code = {{ breakdown }}_group.round_code
            and {{ breakdown }}_group.breakdown = '{{ breakdown }}'
            and form.{{ breakdown }} = {{ breakdown }}_group.breakdown_value
    {%- endfor %}
)

{% for breakdown in ['*'] + survey_breakdowns() -%}
{%- set group_id = 'cast(null as integer)' if breakdown == '*' else 'form.' ~ breakdown -%}
select
    form.place_id,
    form.placement_id,
    form_node.node_id,
    '{{ breakdown }}' as breakdown,
    {{ group_id }} as group_id,
    cast(sum(form_node.n_answers) as bigint) as n_answers,
    cast(sum(form_node.n_satisfied) as bigint) as n_satisfied,
    cast(sum(form_node.n_dont_know) as bigint) as n_dont_know,
    cast(sum(case when form_node.n_answers > 0 then 1 else 0 end) as bigint) as n_forms_answered,
    cast(sum(case when form_node.n_answers > 0 then form.weight else 0 end) as decimal(38, 4)) as weight_answered,
    cast(sum(form.weight * form_node.n_satisfied) as decimal(38, 4)) as a,
    cast(sum(form.weight * form_node.n_answers) as decimal(38, 4)) as b,
    cast(sum(form.weight * (form_node.n_satisfied * form_node.n_satisfied)) as decimal(38, 4)) as weighted_ss,
    cast(sum(form.weight * (form_node.n_satisfied * form_node.n_answers)) as decimal(38, 4)) as weighted_sn,
    cast(sum(form.weight * (form_node.n_answers * form_node.n_answers)) as decimal(38, 4)) as weighted_nn,
    cast(sum(form.weight_squared * (form_node.n_satisfied * form_node.n_satisfied)) as decimal(38, 8)) as aa,
    cast(sum(form.weight_squared * (form_node.n_satisfied * form_node.n_answers)) as decimal(38, 8)) as ab,
    cast(sum(form.weight_squared * (form_node.n_answers * form_node.n_answers)) as decimal(38, 8)) as bb
from {{ ref('int_survey_form_node') }} as form_node
inner join form
    on form_node.response_id = form.response_id
group by form.place_id, form.placement_id, form_node.node_id{{ '' if breakdown == '*' else ', form.' ~ breakdown }}
{{ 'union all' if not loop.last }}
{% endfor %}
