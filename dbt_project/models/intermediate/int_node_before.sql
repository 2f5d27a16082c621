with node as (
    select distinct
        instrument_code,
        node_code,
        node_level
    from {{ ref('int_node_item') }}
),

same_node as (
    select
        instrument_code,
        node_code,
        instrument_code as previous_instrument_code,
        node_code as previous_node_code
    from node
),

same_index as (
    select
        pair.instrument_code,
        node.node_code,
        pair.previous_instrument_code,
        previous_node.node_code as previous_node_code
    from {{ ref('int_instrument_before') }} as pair
    inner join node
        on pair.instrument_code = node.instrument_code and node.node_level = 'overall'
    inner join node as previous_node
        on pair.previous_instrument_code = previous_node.instrument_code and previous_node.node_level = 'overall'
    where pair.relation <> 'same_instrument'
),

exact_node as (
    select
        pair.instrument_code,
        node.node_code,
        pair.previous_instrument_code,
        previous_node.node_code as previous_node_code
    from {{ ref('int_instrument_before') }} as pair
    inner join {{ ref('dim_instrument_crosswalk') }} as crosswalk
        on
            pair.instrument_code = crosswalk.to_instrument
            and pair.previous_instrument_code = crosswalk.from_instrument
            and crosswalk.relation = 'exact'
    inner join node
        on crosswalk.to_instrument = node.instrument_code and crosswalk.to_item = node.node_code
    inner join node as previous_node
        on
            crosswalk.from_instrument = previous_node.instrument_code
            and crosswalk.from_item = previous_node.node_code
    where node.node_level <> 'overall'
)

select
    instrument_code,
    node_code,
    previous_instrument_code,
    previous_node_code
from same_node
union all
select
    instrument_code,
    node_code,
    previous_instrument_code,
    previous_node_code
from same_index
union all
select
    instrument_code,
    node_code,
    previous_instrument_code,
    previous_node_code
from exact_node
