select
    index_code,
    level,
    cast(points as decimal(18, 4)) as points,
    label_vi,
    label_en,
    basis
from {{ source('landing', 'one_stop_level') }}
