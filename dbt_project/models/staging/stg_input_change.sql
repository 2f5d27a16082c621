select
    input_id,
    change_kind,
    cast(n_cells as bigint) as n_cells
from {{ source('landing', 'input_change') }}
where n_cells > 0
