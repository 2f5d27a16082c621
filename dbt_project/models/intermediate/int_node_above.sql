-- A node is at most three steps above another, in every way of aggregation.
with node as (
    select
        instrument_code,
        node_code,
        parent_code
    from {{ ref('stg_instrument_item') }}
),

step_0 as (
    select
        instrument_code,
        node_code,
        node_code as above_code,
        parent_code
    from node
),
{% for step in range(1, 4) %}
step_{{ step }} as (
    select
        below.instrument_code,
        below.node_code,
        node.node_code as above_code,
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
        node_code,
        above_code,
        {{ step }} as step
    from step_{{ step }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
)

select
    instrument_code,
    node_code,
    above_code,
    cast(step as bigint) as step
from every_step
