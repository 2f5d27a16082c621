{%- set flows = [
    'n_received', 'n_received_no_due_date', 'n_closed_in_time', 'n_closed_late', 'n_closed_no_due_date',
    'n_unplaced_no_end', 'n_unplaced_end_before_start',
    'n_closed_in_term', 'n_closed_past_term', 'n_published_in_term', 'n_published_past_term',
    'n_completion_in_term', 'n_completion_past_term',
] -%}
{%- set changes = ['change_in_overdue', 'change_in_no_due_date', 'change_in_past_term'] -%}
{%- set stocks = ['n_pending', 'n_pending_overdue', 'n_pending_no_due_date', 'n_pending_past_term'] -%}

with grouped_event as (
    {%- for channel, class in [('channel', 'class'), ("'*'", 'class'), ('channel', "'*'"), ("'*'", "'*'")] %}
    select
        placement_id,
        {{ channel }} as channel,
        {{ class }} as class,
        {% for measure in flows + changes %}
        {{ measure }},
        {% endfor %}
        month_idx
    from {{ ref('int_complaint_event') }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

unit_event as (
    select
        ancestor.unit_code,
        ancestor.unit_valid_from,
        grouped_event.channel,
        grouped_event.class,
        {% for measure in flows + changes %}
        sum(grouped_event.{{ measure }}) as {{ measure }},
        {% endfor %}
        grouped_event.month_idx
    from grouped_event
    inner join {{ ref('int_unit_ancestor') }} as ancestor
        on grouped_event.placement_id = ancestor.placement_id
    group by
        ancestor.unit_code,
        ancestor.unit_valid_from,
        grouped_event.channel,
        grouped_event.class,
        grouped_event.month_idx
),

-- A due date that passes is no event of its own: what happened spans the months, not what will fall due.
span as (
    select
        min(received_month_idx) as first_month_idx,
        max(greatest(
            received_month_idx,
            coalesce(end_month_idx, received_month_idx),
            coalesce(completion_month_idx, received_month_idx)
        )) as last_month_idx
    from {{ ref('int_complaint_timing') }}
),

unit_group as (
    select distinct
        unit_code,
        unit_valid_from,
        channel,
        class
    from unit_event
),

grid as (
    select
        unit_group.unit_code,
        unit_group.unit_valid_from,
        unit_group.channel,
        unit_group.class,
        month.month_idx,
        month.month_id
    from unit_group
    cross join span
    inner join {{ ref('stg_reporting_month') }} as month
        on month.month_idx between span.first_month_idx and span.last_month_idx
),

filled as (
    select
        grid.unit_code,
        grid.unit_valid_from,
        grid.channel,
        grid.class,
        grid.month_idx,
        {% for measure in flows + changes %}
        coalesce(unit_event.{{ measure }}, 0) as {{ measure }},
        {% endfor %}
        grid.month_id
    from grid
    left join unit_event
        on
            grid.unit_code = unit_event.unit_code
            and grid.unit_valid_from = unit_event.unit_valid_from
            and grid.channel = unit_event.channel
            and grid.class = unit_event.class
            and grid.month_idx = unit_event.month_idx
),

stock as (
    select
        unit_code,
        unit_valid_from,
        channel,
        class,
        month_idx,
        month_id,
        {% for measure in flows %}
        {{ measure }},
        {% endfor %}
        n_closed_in_time + n_closed_late + n_closed_no_due_date as n_closed,
        sum(n_received - n_closed_in_time - n_closed_late - n_closed_no_due_date) over (
            partition by unit_code, unit_valid_from, channel, class
            order by month_idx rows between unbounded preceding and current row
        ) as n_pending,
        sum(change_in_overdue) over (
            partition by unit_code, unit_valid_from, channel, class
            order by month_idx rows between unbounded preceding and current row
        ) as n_pending_overdue,
        sum(change_in_no_due_date) over (
            partition by unit_code, unit_valid_from, channel, class
            order by month_idx rows between unbounded preceding and current row
        ) as n_pending_no_due_date,
        sum(change_in_past_term) over (
            partition by unit_code, unit_valid_from, channel, class
            order by month_idx rows between unbounded preceding and current row
        ) as n_pending_past_term
    from filled
)

select
    unit_code,
    unit_valid_from,
    channel,
    class,
    month_idx,
    month_id,
    {% for measure in flows + ['n_closed'] + stocks %}
    cast({{ measure }} as bigint) as {{ measure }},
    {% endfor %}
    cast(n_pending - n_received + n_closed as bigint) as n_opening
from stock
