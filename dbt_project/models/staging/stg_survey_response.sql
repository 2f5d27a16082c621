{{ config(materialized='table') }}

with current_record as (
    {{ current_records(source('landing', 'survey_response')) }}
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
    landed.instrument_code,
    cast(landed.responded_on as date) as responded_on,
    landed.mode,
    landed.sex,
    landed.age_band,
    landed.education,
    landed.occupation,
    landed.residence,
    landed.channel,
    landed.procedure_field,
    cast(landed.weight as decimal(18, 4)) as weight,
    landed.stratum,
    landed.psu,
    landed.ssu
from {{ source('landing', 'survey_response') }} as landed
inner join current_record
    on landed.record_key = current_record.record_key and landed.delivery_seq = current_record.delivery_seq
