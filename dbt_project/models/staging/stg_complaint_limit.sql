select
    step,
    working_days,
    basis
from {{ source('landing', 'complaint_limit') }}
