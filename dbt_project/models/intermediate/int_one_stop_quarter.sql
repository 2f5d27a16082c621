-- Agencies are scored by the quarter; a year is the mean of its quarters.
select distinct
    quarter.period_id as quarter_id,
    quarter.month_idx,
    period.period_id,
    period.period_kind
from {{ ref('int_period_month') }} as quarter
inner join {{ ref('int_period_month') }} as period
    on quarter.month_idx = period.month_idx and period.period_kind in ('quarter', 'year')
where quarter.period_kind = 'quarter'
