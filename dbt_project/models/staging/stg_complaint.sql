{{ config(materialized='table') }}

with current_record as (
    {{ current_records(source('landing', 'complaint')) }}
)

select
    landed.record_key,
    cast(current_record.record_number as bigint) as record_number,
    landed.input_id,
    cast(landed.delivery_seq as bigint) as delivery_seq,
    landed.sheet,
    cast(landed.line as bigint) as line,
    cast(landed.source_rows as bigint) as source_rows,
    landed.source,
    landed.office_code,
    landed.deadline_precision,
    landed.unit_code,
    landed.channel,
    landed.class,
    landed.topic,
    landed.state,
    cast(landed.received_at as timestamp) as received_at,
    cast(landed.received_on as date) as received_on,
    cast(landed.due_at as timestamp) as due_at,
    cast(landed.due_on as date) as due_on,
    cast(landed.closed_at as timestamp) as closed_at,
    cast(landed.closed_on as date) as closed_on,
    cast(landed.forwarded_at as timestamp) as forwarded_at,
    cast(landed.forwarded_on as date) as forwarded_on,
    cast(landed.completion_requested_at as timestamp) as completion_requested_at,
    cast(landed.completion_requested_on as date) as completion_requested_on,
    cast(landed.published_at as timestamp) as published_at,
    cast(landed.published_on as date) as published_on,
    landed.case_key,
    cast(landed.likes as bigint) as likes,
    cast(landed.dislikes as bigint) as dislikes,
    landed.recomplained,
    landed.finding,
    landed.against_role,
    landed.action_taken
from {{ source('landing', 'complaint') }} as landed
inner join current_record
    on landed.record_key = current_record.record_key and landed.delivery_seq = current_record.delivery_seq
