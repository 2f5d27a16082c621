select
    from_family,
    to_family,
    cast(broken_on as date) as broken_on,
    reason_vi,
    reason_en
from {{ source('landing', 'method_break') }}
