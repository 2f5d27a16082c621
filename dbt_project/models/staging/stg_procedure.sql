select
    code,
    name,
    field,
    cast(term_days as bigint) as term_days,
    term_kind,
    online_level,
    has_fee,
    needs_result
from {{ source('landing', 'procedure') }}
