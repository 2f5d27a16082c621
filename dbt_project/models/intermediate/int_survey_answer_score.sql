{{ config(materialized='view') }}

select
    answer.response_id,
    answer.instrument_code,
    answer.item_code,
    answer_position.position as score
from {{ ref('fct_survey_answer') }} as answer
inner join {{ ref('stg_instrument_item') }} as item
    on answer.instrument_code = item.instrument_code and answer.item_code = item.node_code
inner join {{ ref('int_answer_position') }} as answer_position
    on item.scale_code = answer_position.scale_code and answer.level = answer_position.level
where item.question_kind in ('satisfaction', 'score')
