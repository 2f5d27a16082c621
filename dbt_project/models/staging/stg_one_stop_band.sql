select
    band,
    cast(points_from as decimal(18, 4)) as points_from,
    label_vi,
    label_en,
    basis
from {{ source('landing', 'one_stop_band') }}
