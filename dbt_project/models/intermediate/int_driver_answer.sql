{{ config(materialized='view') }}

-- Indices 10 and 11 have words for levels where a survey has numbers; an index worked out from the case counts as
-- well as one that the form states.
with evaluated as (
    {%- for index_code in [1, 2, 3, 4, 6, 7] %}
    select
        evaluation_id,
        '{{ index_code }}' as item_code,
        level_{{ index_code }} as level
    from {{ ref('int_case_evaluation') }}
    where level_{{ index_code }} is not null
    union all
    {%- endfor %}
    {%- for index_code, column in [(10, 'convenience'), (11, 'overall')] %}
    select
        evaluation_id,
        '{{ index_code }}' as item_code,
        case {{ column }}
            when 'dissatisfied' then '0' when 'satisfied' then '1' when 'very_satisfied' then '2'
        end as level
    from {{ ref('int_case_evaluation') }}
    where {{ column }} is not null
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
)

select
    'survey' as form_kind,
    response_id as form_id,
    instrument_code,
    item_code,
    score
from {{ ref('int_survey_answer_score') }}
union all
select
    'case' as form_kind,
    evaluated.evaluation_id as form_id,
    item.instrument_code,
    item.node_code as item_code,
    answer_position.position as score
from evaluated
inner join {{ ref('stg_instrument_item') }} as item
    on evaluated.item_code = item.node_code
inner join {{ ref('stg_instrument') }} as instrument
    on item.instrument_code = instrument.code and instrument.is_case_form = 'yes'
inner join {{ ref('int_answer_position') }} as answer_position
    on item.scale_code = answer_position.scale_code and evaluated.level = answer_position.level
