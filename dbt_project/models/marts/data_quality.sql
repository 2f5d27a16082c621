with removed as (
    select
        input_id,
        count(*) as records_removed
    from {{ source('landing', 'removed_record') }}
    group by input_id
)

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
    input.rows_skipped,
    cast(coalesce(removed.records_removed, 0) as bigint) as records_removed,
    input.reason
from {{ ref('stg_input') }} as input
left join {{ ref('int_superseded') }} as superseded
    on input.input_id = superseded.input_id
left join removed
    on input.input_id = removed.input_id
