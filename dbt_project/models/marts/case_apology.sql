with covered as (
    select
        period.period_id,
        period.month_idx,
        max(period.month_idx) over (partition by period.period_id) as last_month_idx
    from {{ ref('int_period_month') }} as period
    inner join (select distinct month_idx from {{ ref('int_case_month') }}) as month
        on period.month_idx = month.month_idx
),

period_total as (
    select
        month.unit_code,
        month.unit_valid_from,
        covered.period_id,
        sum(month.n_late_settled) as n_late_settled,
        sum(month.n_late_settled_apologised) as n_late_settled_apologised,
        sum(case when covered.month_idx = covered.last_month_idx then month.n_late_pending else 0 end)
            as n_late_pending,
        sum(case when covered.month_idx = covered.last_month_idx then month.n_late_pending_apologised else 0 end)
            as n_late_pending_apologised
    from {{ ref('int_case_month') }} as month
    inner join covered
        on month.month_idx = covered.month_idx
    where month.procedure_field = '*'
    group by month.unit_code, month.unit_valid_from, covered.period_id
),

counted as (
    select
        unit_code,
        unit_valid_from,
        period_id,
        cast(n_late_settled + n_late_pending as bigint) as n_late,
        cast(n_late_settled as bigint) as n_late_settled,
        cast(n_late_pending as bigint) as n_late_pending,
        cast(n_late_settled_apologised + n_late_pending_apologised as bigint) as n_apology_issued
    from period_total
)

select
    unit_code,
    unit_valid_from,
    period_id,
    n_late,
    n_late_settled,
    n_late_pending,
    n_apology_issued,
    n_late - n_apology_issued as n_apology_owed,
    {{ percent('n_apology_issued', 'n_late') }} as apology_pct
from counted
