{#
    The current version of each record of a landed dataset: the deliveries that nothing replaced, and of those the
    newest per record. Gives one row per record_key with the delivery that holds it and a number without gaps.
#}
{% macro current_records(landed) %}
    select
        landed.record_key,
        max(landed.delivery_seq) as delivery_seq,
        row_number() over (order by landed.record_key) as record_number
    from {{ landed }} as landed
    inner join {{ ref('stg_input') }} as delivery
        on landed.input_id = delivery.input_id
    where delivery.is_current = 1
    group by landed.record_key
{% endmacro %}
