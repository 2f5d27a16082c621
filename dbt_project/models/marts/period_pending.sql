select
    waiting.unit_code,
    coalesce(at_end.unit_valid_from, at_start.unit_valid_from) as unit_valid_from,
    waiting.period_id,
    waiting.dataset,
    waiting.input_id,
    waiting.n_new,
    waiting.n_changed,
    waiting.n_gone
from {{ ref('int_period_waiting') }} as waiting
inner join {{ ref('dim_reporting_period') }} as period
    on waiting.period_id = period.period_id
left join {{ ref('int_unit') }} as at_end
    on waiting.unit_code = at_end.unit_code and period.ends_on between at_end.unit_valid_from and at_end.unit_valid_to
left join {{ ref('int_unit') }} as at_start
    on
        waiting.unit_code = at_start.unit_code
        and period.starts_on between at_start.unit_valid_from and at_start.unit_valid_to
