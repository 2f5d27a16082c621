-- The variances of the items and of the total run over the same forms, those that answer every item of the node.
with node_item as (
    select
        under.instrument_code,
        under.item_code,
        under.node_id,
        item.node_id as item_id
    from {{ ref('int_node_item') }} as under
    inner join {{ ref('int_node_item') }} as item
        on under.instrument_code = item.instrument_code and under.item_code = item.node_code
),

item_score as (
    select
        answer.response_id,
        node_item.node_id,
        node_item.item_id,
        answer.score
    from {{ ref('int_survey_answer_score') }} as answer
    inner join node_item
        on answer.instrument_code = node_item.instrument_code and answer.item_code = node_item.item_code
),

part_score as (
    select
        form_total.response_id,
        form_total.node_id,
        item_score.item_id,
        item_score.score
    from item_score
    inner join {{ ref('int_survey_form_total') }} as form_total
        on item_score.response_id = form_total.response_id and item_score.node_id = form_total.node_id
    union all
    select
        response_id,
        node_id,
        cast(0 as bigint) as item_id,
        total as score
    from {{ ref('int_survey_form_total') }}
)

select
    response.placement_id,
    response.month_idx,
    part_score.node_id,
    part_score.item_id,
    cast(count(*) as bigint) as n_forms,
    cast(sum(part_score.score) as bigint) as sum_score,
    cast(sum(part_score.score * part_score.score) as bigint) as sum_score_squared
from part_score
inner join {{ ref('int_survey_response') }} as response
    on part_score.response_id = response.response_id
group by response.placement_id, response.month_idx, part_score.node_id, part_score.item_id
