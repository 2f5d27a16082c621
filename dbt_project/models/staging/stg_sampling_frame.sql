select
    round_code,
    stratum,
    psu,
    ssu,
    cast(n_units as bigint) as n_units
from {{ source('landing', 'sampling_frame') }}
