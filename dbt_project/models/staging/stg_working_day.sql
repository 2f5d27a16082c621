select
    cast(day_on as date) as day_on,
    is_working,
    working_day_number
from {{ source('landing', 'working_day') }}
