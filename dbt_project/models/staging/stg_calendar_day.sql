select
    cast(day_on as date) as day_on,
    is_working,
    reason
from {{ source('landing', 'calendar_day') }}
