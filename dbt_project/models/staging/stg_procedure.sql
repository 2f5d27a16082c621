select
    code,
    name,
    field
from {{ source('landing', 'procedure') }}
