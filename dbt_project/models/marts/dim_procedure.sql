select
    code as procedure_code,
    name as procedure_name,
    coalesce(field, '~') as procedure_field,
    online_level,
    has_fee,
    needs_result
from {{ ref('stg_procedure') }}
