-- Per form first: the variance of a ratio over forms needs the products of each form's counts. Forms of one place
-- follow each other: the sums by place and unit then meet the rows of a group together, and a million forms fit in
-- memory.
with form as (
    select
        response_id,
        row_number() over (order by placement_id, stratum, psu, ssu, response_id) as form_number
    from {{ ref('int_survey_response') }}
),

form_node as (
    select
        answer.response_id,
        node_item.node_id,
        cast(sum(case when answer.answer_kind = 'valid' then 1 else 0 end) as bigint) as n_answers,
        cast(sum(case when answer.answer_kind = 'valid' then answer.is_satisfied else 0 end) as bigint) as n_satisfied,
        cast(sum(case when answer.answer_kind = 'dont_know' then 1 else 0 end) as bigint) as n_dont_know
    from {{ ref('fct_survey_answer') }} as answer
    inner join {{ ref('int_node_item') }} as node_item
        on answer.instrument_code = node_item.instrument_code and answer.item_code = node_item.item_code
    group by answer.response_id, node_item.node_id
)

select
    form_node.response_id,
    form_node.node_id,
    form_node.n_answers,
    form_node.n_satisfied,
    form_node.n_dont_know
from form_node
inner join form
    on form_node.response_id = form.response_id
order by form.form_number
