{%- set indices = ['1', '2', '3', '4', '6', '7'] -%}

with points as (
    select
        evaluation_id,
        {% for index_code in indices %}
        max(case when index_code = '{{ index_code }}' then hundredths end) as index_{{ index_code }},
        {% endfor %}
        sum(case when index_code <> '6' then 1 else 0 end) as n_indices
    from {{ ref('int_case_evaluation_index') }}
    group by evaluation_id
)

select
    form.evaluation_id,
    form.case_id,
    form.input_id,
    form.sheet,
    form.line,
    form.source,
    form.unit_code,
    form.unit_valid_from,
    form.month_id,
    form.evaluated_on,
    form.mode,
    {% for index_code in indices %}
    {{ from_hundredths('points.index_' ~ index_code) }} as index_{{ index_code }},
    coalesce(form.source_{{ index_code }}, 'none') as index_{{ index_code }}_source,
    {% endfor %}
    cast(coalesce(points.n_indices, 0) as bigint) as n_civil_servant_indices,
    case
        when points.n_indices = 5
            then
                {{ from_hundredths(
                    '(points.index_1 + points.index_2 + points.index_3 + points.index_4 + points.index_7)'
                ) }}
    end as civil_servant_points,
    form.convenience,
    form.overall
from {{ ref('int_case_evaluation') }} as form
left join points
    on form.evaluation_id = points.evaluation_id
