select
    round_code,
    breakdown_1,
    breakdown_2,
    value_1,
    value_2,
    cast(n_people as bigint) as n_people
from {{ source('landing', 'population_margin') }}
