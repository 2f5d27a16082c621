select
    month_id,
    cast(row_number() over (order by starts_on) as bigint) as month_idx,
    cast(starts_on as date) as starts_on,
    cast(ends_on as date) as ends_on,
    cast(due_on as date) as due_on
from {{ source('landing', 'reporting_month') }}
