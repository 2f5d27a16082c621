select
    input.input_id,
    input.source,
    input.path,
    input.unit_code,
    input.period_id,
    input.sent_on,
    input.status,
    input.rows_read,
    input.rows_accepted - coalesce(superseded.rows_superseded, 0) as rows_accepted,
    input.rows_quarantined,
    input.rows_duplicate,
    coalesce(superseded.rows_superseded, 0) as rows_superseded,
    input.rows_forgotten,
    input.rows_skipped,
    input.reason
from {{ ref('stg_input') }} as input
left join {{ ref('int_superseded') }} as superseded
    on input.input_id = superseded.input_id
