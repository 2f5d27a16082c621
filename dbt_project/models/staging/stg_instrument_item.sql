select
    instrument_code,
    node_code,
    node_level,
    parent_code,
    cast(position as bigint) as position,
    scale_code,
    label_vi,
    label_en
from {{ source('landing', 'instrument_item') }}
