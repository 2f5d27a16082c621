select
    deadline.case_id,
    month.month_id,
    deadline.stage,
    deadline.standing
from {{ ref('int_case_deadline') }} as deadline
inner join {{ ref('stg_reporting_month') }} as month
    on deadline.month_idx = month.month_idx
