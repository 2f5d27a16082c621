select
    input_id,
    change_kind,
    n_cells
from {{ ref('stg_input_change') }}
