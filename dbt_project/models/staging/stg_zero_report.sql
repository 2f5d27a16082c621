select
    unit_code,
    dataset,
    period_id,
    cast(reported_on as date) as reported_on
from {{ source('landing', 'zero_report') }}
