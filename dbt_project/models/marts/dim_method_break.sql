select
    from_family,
    to_family,
    broken_on,
    reason_vi,
    reason_en
from {{ ref('stg_method_break') }}
