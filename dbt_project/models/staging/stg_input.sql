with input as (
    select
        input_id,
        source,
        office_code,
        path,
        delivery_kind,
        scope_id,
        delivery_seq,
        unit_code,
        period_id,
        sent_on,
        datasets,
        status,
        rows_read,
        rows_accepted,
        rows_quarantined,
        rows_duplicate,
        rows_skipped,
        rows_forgotten,
        reason
    from {{ source('landing', 'input') }}
),

newest_snapshot as (
    select
        source,
        scope_id,
        max(delivery_seq) as delivery_seq
    from input
    where delivery_kind = 'snapshot' and status = 'landed'
    group by source, scope_id
)

select
    input.input_id,
    input.source,
    input.office_code,
    input.path,
    input.delivery_kind,
    input.scope_id,
    cast(input.delivery_seq as bigint) as delivery_seq,
    input.unit_code,
    input.period_id,
    cast(input.sent_on as date) as sent_on,
    input.datasets,
    input.status,
    cast(input.rows_read as bigint) as rows_read,
    cast(input.rows_accepted as bigint) as rows_accepted,
    cast(input.rows_quarantined as bigint) as rows_quarantined,
    cast(input.rows_duplicate as bigint) as rows_duplicate,
    cast(input.rows_skipped as bigint) as rows_skipped,
    -- A package of an office that had no such count yet brings none.
    cast(coalesce(input.rows_forgotten, 0) as bigint) as rows_forgotten,
    input.reason,
    -- A snapshot stands until the next landed one of its scope, and answers to its refused rows with it; other
    -- deliveries add to what is there.
    cast(
        case
            when input.status <> 'landed' then 0
            when
                input.delivery_kind in ('snapshot', 'answer')
                and input.delivery_seq < newest_snapshot.delivery_seq
                then 0
            else 1
        end as bigint
    ) as is_current
from input
left join newest_snapshot
    on
        input.source = newest_snapshot.source
        and coalesce(input.scope_id, '') = coalesce(newest_snapshot.scope_id, '')
