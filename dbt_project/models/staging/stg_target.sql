select
    unit_code,
    unit_level,
    instrument_code,
    node_code,
    cast(first_on as date) as first_on,
    cast(last_on as date) as last_on,
    cast(target_pct as decimal(18, 4)) as target_pct,
    basis
from {{ source('landing', 'target') }}
