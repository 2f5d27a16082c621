select
    unit_code,
    dataset,
    first_month,
    last_month
from {{ source('landing', 'expected_submission') }}
