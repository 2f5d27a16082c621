with question_count as (
    select
        instrument_code,
        count(*) as n_questions
    from {{ ref('int_driver_question') }}
    group by instrument_code
),

form_answer as (
    select
        answer.form_kind,
        answer.form_id,
        question.question_id,
        question.instrument_code,
        answer.score
    from {{ ref('int_driver_answer') }} as answer
    inner join {{ ref('int_driver_question') }} as question
        on answer.instrument_code = question.instrument_code and answer.item_code = question.item_code
),

complete as (
    select
        form_answer.form_kind,
        form_answer.form_id,
        form_answer.instrument_code
    from form_answer
    inner join question_count
        on form_answer.instrument_code = question_count.instrument_code
    group by form_answer.form_kind, form_answer.form_id, form_answer.instrument_code, question_count.n_questions
    having count(*) = question_count.n_questions
)

select
    form.placement_id,
    form.month_idx,
    complete.instrument_code,
    one.question_id,
    other.question_id as other_id,
    cast(count(*) as bigint) as n_forms,
    cast(sum(one.score) as bigint) as sum_score,
    cast(sum(other.score) as bigint) as sum_other,
    cast(sum(one.score * other.score) as bigint) as sum_product
from complete
inner join {{ ref('int_driver_form') }} as form
    on
        complete.form_kind = form.form_kind
        and complete.form_id = form.form_id
        and complete.instrument_code = form.instrument_code
inner join form_answer as one
    on
        complete.form_kind = one.form_kind
        and complete.form_id = one.form_id
        and complete.instrument_code = one.instrument_code
inner join form_answer as other
    on
        complete.form_kind = other.form_kind
        and complete.form_id = other.form_id
        and complete.instrument_code = other.instrument_code
        and one.question_id <= other.question_id
group by form.placement_id, form.month_idx, complete.instrument_code, one.question_id, other.question_id
