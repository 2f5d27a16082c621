with form_answer as (
    select
        answer.response_id,
        count(*) as n_answers,
        min(answer.level) as lowest_level,
        max(answer.level) as highest_level
    from {{ ref('fct_survey_answer') }} as answer
    inner join {{ ref('int_node_item') }} as node_item
        on answer.instrument_code = node_item.instrument_code and answer.item_code = node_item.item_code
    where node_item.node_code = node_item.item_code
    group by answer.response_id
)

select
    response.placement_id,
    response.month_idx,
    response.instrument_code,
    cast(count(*) as bigint) as n_forms_judged,
    cast(sum(case when form_answer.lowest_level = form_answer.highest_level then 1 else 0 end) as bigint)
        as n_forms_straight
from form_answer
inner join {{ ref('int_survey_response') }} as response
    on form_answer.response_id = response.response_id
where form_answer.n_answers >= {{ straight_line_least_answers() }}
group by response.placement_id, response.month_idx, response.instrument_code
