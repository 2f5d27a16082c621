select
    scale_code,
    level,
    answer_kind,
    is_satisfied,
    score,
    label_vi,
    label_en
from {{ ref('stg_answer_level') }}
