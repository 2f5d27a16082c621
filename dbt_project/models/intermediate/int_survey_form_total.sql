with several_items as (
    select
        node_id,
        cast(count(*) as bigint) as n_items
    from {{ ref('int_node_item') }}
    group by node_id
    having count(*) > 1
)

select
    answer.response_id,
    node_item.node_id,
    cast(sum(answer.score) as bigint) as total
from {{ ref('int_survey_answer_score') }} as answer
inner join {{ ref('int_node_item') }} as node_item
    on answer.instrument_code = node_item.instrument_code and answer.item_code = node_item.item_code
inner join several_items
    on node_item.node_id = several_items.node_id
group by answer.response_id, node_item.node_id, several_items.n_items
having count(*) = several_items.n_items
