select
    old_code,
    new_code,
    cast(changed_on as date) as changed_on,
    extent
from {{ source('landing', 'admin_unit_change') }}
