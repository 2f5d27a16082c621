select
    landed.record_key,
    landed.input_id,
    cast(landed.delivery_seq as bigint) as delivery_seq,
    landed.item_code,
    landed.level
from {{ source('landing', 'survey_answer') }} as landed
inner join {{ ref('stg_survey_response') }} as parent
    on landed.record_key = parent.record_key and landed.delivery_seq = parent.delivery_seq
