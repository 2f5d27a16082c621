select
    input_id,
    rule_id,
    coalesce(column_name, '~') as column_name,
    severity,
    n_rows
from {{ ref('stg_input_rule') }}
