with question as (
    select
        instrument_code,
        node_code as question_code
    from {{ ref('stg_instrument_item') }}
    where node_level = 'item' and question_kind <> 'satisfaction'
)

select
    response.placement_id,
    response.month_idx,
    question.instrument_code,
    question.question_code,
    answer.level as option_code,
    answer.answer_kind,
    cast(count(*) as bigint) as n_answers
from {{ ref('fct_survey_answer') }} as answer
inner join question
    on answer.instrument_code = question.instrument_code and answer.item_code = question.question_code
inner join {{ ref('int_survey_response') }} as response
    on answer.response_id = response.response_id
group by
    response.placement_id,
    response.month_idx,
    question.instrument_code,
    question.question_code,
    answer.level,
    answer.answer_kind
