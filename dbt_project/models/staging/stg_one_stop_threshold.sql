select
    measure,
    level,
    cast(limit_value as decimal(18, 4)) as limit_value,
    basis
from {{ source('landing', 'one_stop_threshold') }}
