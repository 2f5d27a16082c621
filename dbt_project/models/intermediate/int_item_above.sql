select
    above.instrument_code,
    above.node_code as item_code,
    above.above_code as node_code,
    above.step
from {{ ref('int_node_above') }} as above
inner join {{ ref('stg_instrument_item') }} as item
    on above.instrument_code = item.instrument_code and above.node_code = item.node_code
where item.node_level = 'item' and item.question_kind = 'satisfaction'
