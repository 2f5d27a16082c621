select
    index_code,
    level,
    cast(points as double precision) as points,
    label_vi,
    label_en,
    basis
from {{ ref('stg_one_stop_level') }}
