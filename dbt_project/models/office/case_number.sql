select
    stated.record_number as case_id,
    landed.record_id
from {{ ref('stg_case') }} as stated
left join {{ source('landing', 'case_number') }} as landed
    on stated.record_key = landed.record_key and stated.delivery_seq = landed.delivery_seq
