select
    unit_code,
    period_id,
    cast(rate_pct as decimal(18, 4)) as rate_pct,
    basis
from {{ source('landing', 'synchronisation_rate') }}
