{#
    The current version of each record of a landed dataset: the deliveries that nothing replaced, and of those the
    newest per record. What a source was seen to hold no longer is no version of it. Gives one row per record_key with the
    delivery that holds it and a number without gaps.
#}
{% macro current_records(landed) %}
    select
        landed.record_key,
        max(landed.delivery_seq) as delivery_seq,
        row_number() over (order by landed.record_key) as record_number
    from {{ landed }} as landed
    inner join {{ ref('stg_input') }} as delivery
        on landed.input_id = delivery.input_id
    left join {{ ref('stg_removed_record') }} as removed
        on
            landed.record_key = removed.record_key
            and landed.source = removed.source
            and landed.delivery_seq <= removed.delivery_seq
    where delivery.is_current = 1 and removed.record_key is null
    group by landed.record_key
{% endmacro %}
