-- Items, factors, areas and the overall index: a node is at most three steps above its items.
with node as (
    select
        cast(row_number() over (order by instrument_code, node_code) as bigint) as node_id,
        instrument_code,
        node_code,
        node_level,
        parent_code
    from {{ ref('stg_instrument_item') }}
),

step_0 as (
    select
        instrument_code,
        node_code as item_code,
        node_code,
        parent_code
    from node
    where node_level = 'item'
),
{% for step in range(1, 4) %}
step_{{ step }} as (
    select
        below.instrument_code,
        below.item_code,
        node.node_code,
        node.parent_code
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
        node_code
    from step_{{ step }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
)

select
    node.node_id,
    every_step.instrument_code,
    every_step.node_code,
    node.node_level,
    every_step.item_code
from every_step
inner join node
    on every_step.instrument_code = node.instrument_code and every_step.node_code = node.node_code
