{{ config(post_hook="{{ restate_opening_stock(['unit_code', 'unit_valid_from', 'channel', 'class']) }}") }}

{%- set flows = [
    'n_received', 'n_received_no_due_date', 'n_closed', 'n_closed_in_time', 'n_closed_late', 'n_closed_no_due_date',
    'n_unplaced_no_end', 'n_unplaced_end_before_start',
    'n_closed_in_term', 'n_closed_past_term', 'n_published_in_term', 'n_published_past_term',
    'n_completion_in_term', 'n_completion_past_term',
] -%}
{%- set stocks = ['n_pending', 'n_pending_overdue', 'n_pending_no_due_date', 'n_pending_past_term'] -%}

with covered as (
    select
        period.period_id,
        period.month_idx,
        min(period.month_idx) over (partition by period.period_id) as first_month_idx,
        max(period.month_idx) over (partition by period.period_id) as last_month_idx
    from {{ ref('int_period_month') }} as period
    inner join (select distinct month_idx from {{ ref('int_complaint_month') }}) as month
        on period.month_idx = month.month_idx
),

period_total as (
    select
        month.unit_code,
        month.unit_valid_from,
        covered.period_id,
        month.channel,
        month.class,
        {% for measure in flows %}
        sum(month.{{ measure }}) as {{ measure }},
        {% endfor %}
        {% for measure in stocks %}
        sum(case when covered.month_idx = covered.last_month_idx then month.{{ measure }} else 0 end) as {{ measure }},
        {% endfor %}
        sum(case when covered.month_idx = covered.first_month_idx then month.n_opening else 0 end) as n_opening
    from {{ ref('int_complaint_month') }} as month
    inner join covered
        on month.month_idx = covered.month_idx
    group by month.unit_code, month.unit_valid_from, covered.period_id, month.channel, month.class
),

counted as (
    select
        unit_code,
        unit_valid_from,
        period_id,
        channel,
        class,
        cast(n_opening as bigint) as n_opening,
        {% for measure in flows + stocks %}
        cast({{ measure }} as bigint) as {{ measure }},
        {% endfor %}
        cast(n_closed_in_time + n_closed_late as bigint) as n_with_due_date
    from period_total
)

select
    counted.unit_code,
    counted.unit_valid_from,
    counted.period_id,
    counted.channel,
    counted.class,
    counted.n_opening,
    -- Filled by the hook, which sees what locks hold.
    cast(0 as bigint) as n_restated,
    counted.n_received,
    counted.n_received_no_due_date,
    counted.n_closed,
    counted.n_closed_in_time,
    counted.n_closed_late,
    counted.n_closed_no_due_date,
    counted.n_pending,
    counted.n_pending_overdue,
    counted.n_pending_no_due_date,
    counted.n_with_due_date,
    {{ percent('counted.n_closed_in_time', 'counted.n_with_due_date') }} as in_time_pct,
    counted.n_unplaced_no_end,
    counted.n_unplaced_end_before_start,
    counted.n_closed_in_term,
    counted.n_closed_past_term,
    counted.n_pending_past_term,
    counted.n_closed_in_time + counted.n_closed_in_term as n_in_time_or_term,
    counted.n_with_due_date + counted.n_closed_in_term + counted.n_closed_past_term as n_with_due_date_or_term,
    {{ percent(
        '(counted.n_closed_in_time + counted.n_closed_in_term)',
        '(counted.n_with_due_date + counted.n_closed_in_term + counted.n_closed_past_term)'
    ) }} as in_time_or_term_pct,
    counted.n_published_in_term,
    counted.n_published_past_term,
    counted.n_completion_in_term,
    counted.n_completion_past_term,
    coalesce(duration.n_working_days, 0) as n_working_days,
    duration.working_days_median,
    duration.working_days_p90
from counted
left join {{ ref('int_complaint_duration') }} as duration
    on
        counted.unit_code = duration.unit_code
        and counted.unit_valid_from = duration.unit_valid_from
        and counted.period_id = duration.period_id
        and counted.channel = duration.channel
        and counted.class = duration.class
where
    (counted.channel = '*' and counted.class = '*')
    or counted.n_opening + counted.n_received + counted.n_unplaced_no_end + counted.n_unplaced_end_before_start > 0
    or counted.n_completion_in_term + counted.n_completion_past_term > 0
