{{ config(materialized='table') }}

with current_record as (
    {{ current_records(source('landing', 'case_evaluation')) }}
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
    cast(landed.evaluated_on as date) as evaluated_on,
    landed.mode,
    landed.index_1,
    landed.index_2,
    landed.index_3,
    landed.index_4,
    landed.index_6,
    landed.index_7,
    cast(landed.contacts as bigint) as contacts,
    landed.applicant_at_fault,
    landed.convenience,
    landed.overall
from {{ source('landing', 'case_evaluation') }} as landed
inner join current_record
    on landed.record_key = current_record.record_key and landed.delivery_seq = current_record.delivery_seq
