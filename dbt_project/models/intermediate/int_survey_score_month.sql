-- The variances of the items and of the total run over the same forms, those that answer every item of the node.
with form_total as (
    select
        form_total.response_id,
        form_total.node_id,
        response.placement_id,
        response.month_idx,
        form_total.total
    from {{ ref('int_survey_form_total') }} as form_total
    inner join {{ ref('int_survey_response') }} as response
        on form_total.response_id = response.response_id
)

select
    placement_id,
    month_idx,
    node_id,
    '*' as part_code,
    cast(count(*) as bigint) as n_forms,
    cast(sum(total) as bigint) as sum_score,
    cast(sum(total * total) as bigint) as sum_score_squared
from form_total
group by placement_id, month_idx, node_id
union all
select
    form_total.placement_id,
    form_total.month_idx,
    form_total.node_id,
    answer.item_code as part_code,
    cast(count(*) as bigint) as n_forms,
    cast(sum(answer.score) as bigint) as sum_score,
    cast(sum(answer.score * answer.score) as bigint) as sum_score_squared
from form_total
inner join {{ ref('int_node_item') }} as node_item
    on form_total.node_id = node_item.node_id
inner join {{ ref('int_survey_answer_score') }} as answer
    on form_total.response_id = answer.response_id and node_item.item_code = answer.item_code
group by form_total.placement_id, form_total.month_idx, form_total.node_id, answer.item_code
