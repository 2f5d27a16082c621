-- Items, factors, areas and the overall index: a node is at most three steps above its items. Only satisfaction makes a
-- node; a question that answers for a node as a whole is never pooled with the items under it.
with node as (
    select
        cast(row_number() over (order by item.instrument_code, item.node_code) as bigint) as node_id,
        item.instrument_code,
        instrument.aggregation_mode,
        item.node_code,
        item.node_level,
        item.parent_code,
        item.question_kind,
        item.answers_for
    from {{ ref('stg_instrument_item') }} as item
    inner join {{ ref('stg_instrument') }} as instrument
        on item.instrument_code = instrument.code
),

satisfaction_item as (
    select
        instrument_code,
        aggregation_mode,
        node_code,
        parent_code,
        answers_for
    from node
    where node_level = 'item' and question_kind = 'satisfaction'
),

step_0 as (
    select
        instrument_code,
        node_code as item_code,
        node_code,
        case when answers_for is null and aggregation_mode <> 'overall_question' then parent_code end as parent_code,
        cast(null as text) as factor_code
    from satisfaction_item
),
{% for step in range(1, 4) %}
step_{{ step }} as (
    select
        below.instrument_code,
        below.item_code,
        node.node_code,
        node.parent_code,
        case when node.node_level = 'factor' then node.node_code else below.factor_code end as factor_code
    from step_{{ step - 1 }} as below
    inner join node
        on below.instrument_code = node.instrument_code and below.parent_code = node.node_code
),
{% endfor %}
every_step as (
    {%- for step in range(4) %}
    select
        instrument_code,
        item_code,
        node_code,
        factor_code
    from step_{{ step }}
    union all
    {%- endfor %}
    select
        instrument_code,
        node_code as item_code,
        answers_for as node_code,
        cast(null as text) as factor_code
    from satisfaction_item
    where aggregation_mode = 'overall_question' and answers_for is not null
)

select
    node.node_id,
    every_step.instrument_code,
    every_step.node_code,
    node.node_level,
    every_step.item_code,
    case
        when node.aggregation_mode = 'mean_of_items' then every_step.item_code
        when node.aggregation_mode = 'mean_of_factors' and node.node_level in ('area', 'overall')
            then coalesce(every_step.factor_code, every_step.item_code)
        else every_step.node_code
    end as part_code
from every_step
inner join node
    on every_step.instrument_code = node.instrument_code and every_step.node_code = node.node_code
