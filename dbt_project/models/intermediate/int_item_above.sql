-- A node is at most three steps above its items, in every way of aggregation.
with node as (
    select
        instrument_code,
        node_code,
        node_level,
        parent_code,
        question_kind
    from {{ ref('stg_instrument_item') }}
),

step_0 as (
    select
        instrument_code,
        node_code as item_code,
        node_code,
        parent_code
    from node
    where node_level = 'item' and question_kind = 'satisfaction'
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
        node_code,
        {{ step }} as step
    from step_{{ step }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
)

select
    instrument_code,
    item_code,
    node_code,
    cast(step as bigint) as step
from every_step
