select
    measure,
    level,
    cast(limit_value as double precision) as limit_value,
    basis
from {{ ref('stg_one_stop_threshold') }}
