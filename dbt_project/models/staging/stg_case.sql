{{ config(materialized='table') }}

with current_record as (
    {{ current_records(source('landing', 'case')) }}
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
    landed.procedure_code,
    landed.procedure_field,
    landed.channel,
    landed.state,
    cast(landed.received_at as timestamp) as received_at,
    cast(landed.received_on as date) as received_on,
    cast(landed.due_at as timestamp) as due_at,
    cast(landed.due_on as date) as due_on,
    cast(landed.settled_at as timestamp) as settled_at,
    cast(landed.settled_on as date) as settled_on,
    cast(landed.supplement_requested_at as timestamp) as supplement_requested_at,
    cast(landed.supplement_requested_on as date) as supplement_requested_on,
    cast(landed.due_original_at as timestamp) as due_original_at,
    cast(landed.due_original_on as date) as due_original_on,
    cast(landed.apologised_on as date) as apologised_on,
    landed.online_level,
    landed.components_digitised,
    landed.result_digitised,
    landed.data_reused,
    landed.fee_required,
    landed.paid_online,
    landed.result_electronic
from {{ source('landing', 'case') }} as landed
inner join current_record
    on landed.record_key = current_record.record_key and landed.delivery_seq = current_record.delivery_seq
