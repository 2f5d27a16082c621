select
    code,
    cast(valid_from as date) as valid_from,
    cast(valid_to as date) as valid_to,
    level,
    name,
    parent_code
from {{ source('landing', 'admin_unit') }}
