with period as (
    select
        period_id,
        period_kind,
        year,
        min(month_number) as first_month_number,
        min(month_idx) as first_month_idx,
        max(month_idx) as last_month_idx,
        min(starts_on) as starts_on,
        max(ends_on) as ends_on
    from {{ ref('int_period_month') }}
    group by period_id, period_kind, year
)

select
    later.period_id,
    earlier.period_id as previous_period_id,
    'previous' as comparison,
    later.ends_on,
    earlier.starts_on as previous_starts_on
from period as later
inner join period as earlier
    on later.period_kind = earlier.period_kind and later.first_month_idx = earlier.last_month_idx + 1
where later.period_kind in ('month', 'quarter')
union all
select
    later.period_id,
    earlier.period_id as previous_period_id,
    'year_before' as comparison,
    later.ends_on,
    earlier.starts_on as previous_starts_on
from period as later
inner join period as earlier
    on
        later.period_kind = earlier.period_kind
        and later.first_month_number = earlier.first_month_number
        and later.year = earlier.year + 1
