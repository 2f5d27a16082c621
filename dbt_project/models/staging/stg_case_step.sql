{{ config(materialized='table') }}

with current_record as (
    {{ current_records(source('landing', 'case_step')) }}
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
    landed.case_key,
    landed.kind,
    landed.agency,
    cast(landed.started_at as timestamp) as started_at,
    cast(landed.started_on as date) as started_on,
    cast(landed.ended_at as timestamp) as ended_at,
    cast(landed.ended_on as date) as ended_on,
    cast(landed.due_at as timestamp) as due_at,
    cast(landed.due_on as date) as due_on,
    cast(landed.due_before_at as timestamp) as due_before_at,
    cast(landed.due_before_on as date) as due_before_on
from {{ source('landing', 'case_step') }} as landed
inner join current_record
    on landed.record_key = current_record.record_key and landed.delivery_seq = current_record.delivery_seq
