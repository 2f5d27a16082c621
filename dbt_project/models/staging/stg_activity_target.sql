select
    kind,
    unit_level,
    minimum_per_year,
    held_within,
    basis
from {{ source('landing', 'activity_target') }}
