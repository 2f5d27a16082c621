-- A group is a number here, NULL where the row is not broken down: text would be hashed for each form, node and
-- breakdown.
with form as (
    select
        form.response_id,
        form.placement_id,
        form.weight,
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
),

form_node as (
    select
        form.place_id,
        form.placement_id,
        {% for breakdown in survey_breakdowns() %}
        form.{{ breakdown }},
        {% endfor %}
        form_node.node_id,
        form_node.n_answers,
        form_node.n_satisfied,
        form_node.n_dont_know,
        form.weight,
        form.weight * form_node.n_satisfied as a,
        form.weight * form_node.n_answers as b
    from {{ ref('int_survey_form_node') }} as form_node
    inner join form
        on form_node.response_id = form.response_id
)

select
    place_id,
    placement_id,
    node_id,
    case
        {%- for breakdown in survey_breakdowns() %}
        when {{ breakdown }} is not null then '{{ breakdown }}'
        {%- endfor %}
        else '*'
    end as breakdown,
    coalesce({{ survey_breakdowns() | join(', ') }}) as group_id,
    cast(sum(n_answers) as bigint) as n_answers,
    cast(sum(n_satisfied) as bigint) as n_satisfied,
    cast(sum(n_dont_know) as bigint) as n_dont_know,
    cast(sum(case when n_answers > 0 then 1 else 0 end) as bigint) as n_forms_answered,
    cast(sum(case when n_answers > 0 then weight else 0 end) as decimal(38, 4)) as weight_answered,
    cast(sum(a) as decimal(38, 4)) as a,
    cast(sum(b) as decimal(38, 4)) as b,
    cast(sum(a * n_satisfied) as decimal(38, 4)) as weighted_ss,
    cast(sum(a * n_answers) as decimal(38, 4)) as weighted_sn,
    cast(sum(b * n_answers) as decimal(38, 4)) as weighted_nn,
    cast(sum(a * a) as decimal(38, 8)) as aa,
    cast(sum(a * b) as decimal(38, 8)) as ab,
    cast(sum(b * b) as decimal(38, 8)) as bb
from form_node
group by {{ breakdown_sets(['place_id', 'placement_id', 'node_id']) }}
