select
    code,
    name_vi,
    name_en,
    aggregation_mode,
    basis
from {{ source('landing', 'instrument') }}
