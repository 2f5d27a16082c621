-- Of the snapshots of one scope the newest that had come by then stood; other deliveries add to what is there.
with lock as (
    select distinct last_seq
    from {{ ref('int_locked_period') }}
),

landed as (
    select
        lock.last_seq,
        input.input_id,
        input.delivery_seq,
        input.delivery_kind,
        max(input.delivery_seq) over (
            partition by lock.last_seq, input.delivery_kind, input.source, input.scope_id
        ) as newest_seq
    from lock
    inner join {{ ref('stg_input') }} as input
        on input.delivery_seq <= lock.last_seq
    where input.status = 'landed'
)

select
    last_seq,
    input_id
from landed
where delivery_kind <> 'snapshot' or delivery_seq = newest_seq
