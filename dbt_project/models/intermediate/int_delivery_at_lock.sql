-- Of the snapshots of one scope the newest that had come by then stood, with the answers to its refused rows; other
-- deliveries add to what is there.
with landed as (
    select
        figures_id,
        input_id,
        source,
        delivery_seq,
        delivery_kind,
        standing_id,
        max(case when delivery_kind = 'snapshot' then delivery_seq else 0 end) over (
            partition by figures_id, source, scope_id
        ) as newest_seq
    from {{ ref('stg_input_at_lock') }}
)

select
    figures_id,
    input_id,
    source,
    delivery_seq,
    delivery_kind,
    -- What is to be named for it: the reading of the same file that counts now.
    coalesce(standing_id, input_id) as standing_id
from landed
where delivery_kind not in ('snapshot', 'answer') or delivery_seq >= newest_seq
