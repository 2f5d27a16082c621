select
    scale_code,
    level,
    answer_kind,
    cast(is_satisfied as bigint) as is_satisfied,
    -- A score outside its range is told among the problems and makes no index.
    cast(case when score between 0 and 100 then score end as bigint) as score,
    label_vi,
    label_en
from {{ source('landing', 'answer_level') }}
