select
    office_code,
    name,
    unit_code
from {{ source('landing', 'unit_alias') }}
