with question_count as (
    select
        instrument_code,
        count(*) as n_questions
    from {{ ref('int_driver_question') }}
    group by instrument_code
),

form_answer as (
    select
        answer.response_id,
        question.question_id,
        question.instrument_code,
        answer.score
    from {{ ref('int_survey_answer_score') }} as answer
    inner join {{ ref('int_driver_question') }} as question
        on answer.instrument_code = question.instrument_code and answer.item_code = question.item_code
),

complete as (
    select form_answer.response_id
    from form_answer
    inner join question_count
        on form_answer.instrument_code = question_count.instrument_code
    group by form_answer.response_id, question_count.n_questions
    having count(*) = question_count.n_questions
)

select
    response.placement_id,
    response.month_idx,
    one.instrument_code,
    one.question_id,
    other.question_id as other_id,
    cast(count(*) as bigint) as n_forms,
    cast(sum(one.score) as bigint) as sum_score,
    cast(sum(other.score) as bigint) as sum_other,
    cast(sum(one.score * other.score) as bigint) as sum_product
from complete
inner join {{ ref('int_survey_response') }} as response
    on complete.response_id = response.response_id
inner join form_answer as one
    on complete.response_id = one.response_id
inner join form_answer as other
    on complete.response_id = other.response_id and one.question_id <= other.question_id
group by response.placement_id, response.month_idx, one.instrument_code, one.question_id, other.question_id
