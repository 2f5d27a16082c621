select
    delivery.source,
    removed.record_key,
    cast(max(delivery.delivery_seq) as bigint) as delivery_seq
from {{ source('landing', 'removed_record') }} as removed
inner join {{ ref('stg_input') }} as delivery
    on removed.input_id = delivery.input_id
where delivery.is_current = 1
group by delivery.source, removed.record_key
