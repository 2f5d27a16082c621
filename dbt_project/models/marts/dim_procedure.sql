select
    code as procedure_code,
    name as procedure_name,
    coalesce(field, '~') as procedure_field
from {{ ref('stg_procedure') }}
