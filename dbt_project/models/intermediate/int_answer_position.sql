-- Shorter codes first, so that 10 follows 9.
select
    scale_code,
    level,
    cast(row_number() over (partition by scale_code order by length(level), level) as bigint) as position
from {{ ref('stg_answer_level') }}
where answer_kind = 'valid'
