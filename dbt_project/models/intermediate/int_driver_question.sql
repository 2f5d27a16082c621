-- The question that answers for the instrument as a whole, and the others that ask for a judgement of the service. An
-- instrument without such a question has no row: its overall index is made of the items, and would only explain itself.
with question as (
    select
        item.instrument_code,
        item.node_code as item_code,
        item.position,
        item.question_kind,
        case when whole.node_code is null then 'predictor' else 'outcome' end as role
    from {{ ref('stg_instrument_item') }} as item
    left join {{ ref('stg_instrument_item') }} as whole
        on
            item.instrument_code = whole.instrument_code
            and item.answers_for = whole.node_code
            and whole.node_level = 'overall'
    where item.node_level = 'item' and item.question_kind in ('satisfaction', 'score')
),

outcome as (
    select
        instrument_code,
        item_code,
        row_number() over (partition by instrument_code order by position, item_code) as place
    from question
    where role = 'outcome' and question_kind = 'satisfaction'
),

-- A question that no form of an instrument answers would leave no form complete.
answered as (
    select distinct
        instrument_code,
        item_code
    from {{ ref('int_driver_answer') }}
)

select
    cast(row_number() over (order by question.instrument_code, question.position, question.item_code) as bigint)
        as question_id,
    question.instrument_code,
    question.item_code,
    question.role,
    outcome.item_code as outcome_code
from question
inner join outcome
    on question.instrument_code = outcome.instrument_code and outcome.place = 1
inner join answered
    on question.instrument_code = answered.instrument_code and question.item_code = answered.item_code
where question.role = 'predictor' or question.item_code = outcome.item_code
