-- Per form first: the variance of a ratio over forms needs the products of each form's counts.
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
