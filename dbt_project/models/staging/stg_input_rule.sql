select
    input_id,
    rule_id,
    severity,
    column_name,
    cast(n_rows as bigint) as n_rows
from {{ source('landing', 'input_rule') }}
