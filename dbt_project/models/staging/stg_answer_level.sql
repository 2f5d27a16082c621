select
    scale_code,
    level,
    answer_kind,
    cast(is_satisfied as bigint) as is_satisfied,
    label_vi,
    label_en
from {{ source('landing', 'answer_level') }}
