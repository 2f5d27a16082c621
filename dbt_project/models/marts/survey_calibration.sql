select
    round_code,
    breakdown_1,
    breakdown_2,
    value_1,
    value_2,
    status,
    method,
    cast(n_people as bigint) as n_people,
    cast(n_forms as bigint) as n_forms,
    cast(weight_before as double precision) as weight_before,
    cast(weight_after as double precision) as weight_after,
    cast(factor_min as double precision) as factor_min,
    cast(factor_max as double precision) as factor_max,
    cast(n_rounds as bigint) as n_rounds,
    cast(n_trimmed as bigint) as n_trimmed,
    cast(deff_before as double precision) as deff_before,
    cast(deff_after as double precision) as deff_after
from {{ source('estimates', 'est_survey_calibration') }}
