select
    item_code,
    item_group,
    cast(maximum_points as decimal(18, 4)) as maximum_points,
    cast(threshold_pct as decimal(18, 4)) as threshold_pct,
    label_vi,
    label_en,
    basis
from {{ source('landing', 'service_quality_item') }}
