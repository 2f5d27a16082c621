{{ config(post_hook="{{ restate_opening_stock(['unit_code', 'unit_valid_from', 'procedure_field']) }}") }}

{%- set flows = [
    'n_received', 'n_received_online', 'n_received_direct', 'n_received_postal', 'n_received_other',
    'n_settled', 'n_settled_early', 'n_settled_on_day', 'n_settled_late', 'n_settled_no_due_date', 'n_withdrawn',
    'n_unplaced_no_end', 'n_unplaced_end_before_start', 'n_unplaced_refused',
] -%}
{%- set stocks = ['n_pending', 'n_pending_overdue', 'n_pending_no_due_date', 'n_pending_supplement'] -%}

with covered as (
    select
        period.period_id,
        period.month_idx,
        min(period.month_idx) over (partition by period.period_id) as first_month_idx,
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
        month.procedure_field,
        {% for measure in flows %}
        sum(month.{{ measure }}) as {{ measure }},
        {% endfor %}
        {% for measure in stocks %}
        sum(case when covered.month_idx = covered.last_month_idx then month.{{ measure }} else 0 end) as {{ measure }},
        {% endfor %}
        sum(case when covered.month_idx = covered.first_month_idx then month.n_opening else 0 end) as n_opening
    from {{ ref('int_case_month') }} as month
    inner join covered
        on month.month_idx = covered.month_idx
    group by month.unit_code, month.unit_valid_from, covered.period_id, month.procedure_field
),

counted as (
    select
        unit_code,
        unit_valid_from,
        period_id,
        procedure_field,
        cast(n_opening as bigint) as n_opening,
        {% for measure in flows + stocks %}
        cast({{ measure }} as bigint) as {{ measure }},
        {% endfor %}
        cast(n_settled_early + n_settled_on_day as bigint) as n_in_time,
        cast(n_settled_early + n_settled_on_day + n_settled_late as bigint) as n_with_due_date
    from period_total
)

select
    counted.unit_code,
    counted.unit_valid_from,
    counted.period_id,
    counted.procedure_field,
    counted.n_opening,
    -- Filled by the hook, which sees what locks hold.
    cast(0 as bigint) as n_restated,
    counted.n_received,
    counted.n_received_online,
    counted.n_received_direct,
    counted.n_received_postal,
    counted.n_received_other,
    counted.n_settled,
    counted.n_settled_early,
    counted.n_settled_on_day,
    counted.n_settled_late,
    counted.n_settled_no_due_date,
    counted.n_withdrawn,
    counted.n_pending,
    counted.n_pending - counted.n_pending_overdue - counted.n_pending_no_due_date - counted.n_pending_supplement
        as n_pending_in_time,
    counted.n_pending_overdue,
    counted.n_pending_no_due_date,
    counted.n_pending_supplement,
    counted.n_in_time,
    counted.n_with_due_date,
    {{ percent('counted.n_in_time', 'counted.n_with_due_date') }} as in_time_pct,
    counted.n_unplaced_no_end,
    counted.n_unplaced_end_before_start,
    counted.n_unplaced_refused,
    {{ percent('counted.n_received_online', 'counted.n_received') }} as online_pct,
    {{ percent('counted.n_received_postal', 'counted.n_received') }} as postal_pct,
    coalesce(duration.n_working_days, 0) as n_working_days,
    duration.working_days_median,
    duration.working_days_p90
from counted
left join {{ ref('int_case_duration') }} as duration
    on
        counted.unit_code = duration.unit_code
        and counted.unit_valid_from = duration.unit_valid_from
        and counted.period_id = duration.period_id
        and counted.procedure_field = duration.procedure_field
where
    counted.procedure_field = '*'
    or counted.n_opening + counted.n_received
    + counted.n_unplaced_no_end + counted.n_unplaced_end_before_start + counted.n_unplaced_refused > 0
