with removed as (
    select
        input_id,
        count(*) as records_removed
    from {{ source('landing', 'removed_record') }}
    group by input_id
),

changed as (
    select
        input_id,
        cast(sum(n_cells) as bigint) as cells_changed
    from {{ ref('stg_input_change') }}
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
    input.rows_forgotten,
    input.rows_skipped,
    cast(coalesce(removed.records_removed, 0) as bigint) as records_removed,
    coalesce(changed.cells_changed, 0) as cells_changed,
    input.reason
from {{ ref('stg_input') }} as input
left join {{ ref('int_superseded') }} as superseded
    on input.input_id = superseded.input_id
left join removed
    on input.input_id = removed.input_id
left join changed
    on input.input_id = changed.input_id
