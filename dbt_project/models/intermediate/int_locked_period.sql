with period as (
    select
        period_id,
        min(starts_on) as starts_on,
        max(ends_on) as ends_on
    from {{ ref('int_period_month') }}
    group by period_id
)

select
    state.unit_code,
    state.period_id,
    state.figures_id,
    period.starts_on,
    period.ends_on
from {{ ref('stg_period_state') }} as state
inner join period
    on state.period_id = period.period_id
where state.is_held = 1
