select
    unit_code,
    period_id,
    status,
    cast(submitted_at as timestamp) as submitted_at,
    cast(approved_at as timestamp) as approved_at,
    cast(locked_at as timestamp) as locked_at,
    locked_revision,
    cast(accepted_at as timestamp) as accepted_at,
    cast(n_revised as bigint) as n_revised,
    cast(n_reopened as bigint) as n_reopened,
    cast(is_held as bigint) as is_held,
    figures_id
from {{ source('landing', 'period_state') }}
