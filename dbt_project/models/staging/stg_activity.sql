{{ config(materialized='table') }}

with current_record as (
    {{ current_records(source('landing', 'activity')) }}
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
    landed.kind,
    cast(landed.planned_on as date) as planned_on,
    cast(landed.held_on as date) as held_on,
    cast(landed.participants as bigint) as participants
from {{ source('landing', 'activity') }} as landed
inner join current_record
    on landed.record_key = current_record.record_key and landed.delivery_seq = current_record.delivery_seq
