select
    response.response_id,
    response.instrument_code,
    response.month_id,
    answer.item_code,
    answer.level,
    answer_level.answer_kind,
    answer_level.is_satisfied
from {{ ref('stg_survey_answer') }} as answer
inner join {{ ref('int_survey_response') }} as response
    on answer.record_key = response.record_key
left join {{ ref('stg_instrument_item') }} as item
    on
        response.instrument_code = item.instrument_code
        and answer.item_code = item.node_code
        and item.node_level = 'item'
left join {{ ref('stg_answer_level') }} as answer_level
    on item.scale_code = answer_level.scale_code and answer.level = answer_level.level
