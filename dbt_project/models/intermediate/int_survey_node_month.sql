-- Per form and node first: the variance of a ratio over forms needs the products of each form's counts.
with form_node as (
    select
        answer.response_id,
        node_item.node_id,
        sum(case when answer.answer_kind = 'valid' then 1 else 0 end) as n_answers,
        sum(case when answer.answer_kind = 'valid' then answer.is_satisfied else 0 end) as n_satisfied,
        sum(case when answer.answer_kind = 'dont_know' then 1 else 0 end) as n_dont_know
    from {{ ref('fct_survey_answer') }} as answer
    inner join {{ ref('int_node_item') }} as node_item
        on answer.instrument_code = node_item.instrument_code and answer.item_code = node_item.item_code
    group by answer.response_id, node_item.node_id
)

select
    response.placement_id,
    response.month_idx,
    form_node.node_id,
    cast(sum(form_node.n_answers) as bigint) as n_answers,
    cast(sum(form_node.n_satisfied) as bigint) as n_satisfied,
    cast(sum(form_node.n_dont_know) as bigint) as n_dont_know,
    cast(sum(case when form_node.n_answers > 0 then 1 else 0 end) as bigint) as n_forms_answered,
    cast(sum(form_node.n_satisfied * form_node.n_satisfied) as bigint) as sum_satisfied_squared,
    cast(sum(form_node.n_satisfied * form_node.n_answers) as bigint) as sum_satisfied_answers,
    cast(sum(form_node.n_answers * form_node.n_answers) as bigint) as sum_answers_squared
from form_node
inner join {{ ref('int_survey_response') }} as response
    on form_node.response_id = response.response_id
group by response.placement_id, response.month_idx, form_node.node_id
