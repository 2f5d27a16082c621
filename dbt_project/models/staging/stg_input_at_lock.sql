select
    figures_id,
    input_id,
    source,
    delivery_kind,
    scope_id,
    cast(delivery_seq as bigint) as delivery_seq,
    standing_id
from {{ source('landing', 'input_at_lock') }}
