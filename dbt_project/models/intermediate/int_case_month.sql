{%- set flows = [
    'n_received', 'n_received_online', 'n_received_direct', 'n_received_postal', 'n_received_other',
    'n_settled_early', 'n_settled_on_day', 'n_settled_late', 'n_settled_no_due_date', 'n_withdrawn',
    'n_unplaced_no_end', 'n_unplaced_end_before_start', 'n_unplaced_refused',
    'n_late_settled', 'n_late_settled_apologised',
] -%}
{%- set changes = [
    'change_in_overdue', 'change_in_no_due_date', 'change_in_supplement',
    'change_in_late_pending', 'change_in_late_pending_apologised',
] -%}
{%- set stocks = [
    'n_pending', 'n_pending_overdue', 'n_pending_no_due_date', 'n_pending_supplement',
    'n_late_pending', 'n_late_pending_apologised',
] -%}

with field_event as (
    {%- for field in ['procedure_field', "'*'"] %}
    select
        placement_id,
        {{ field }} as procedure_field,
        {% for measure in flows + changes %}
        {{ measure }},
        {% endfor %}
        month_idx
    from {{ ref('int_case_event') }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

unit_event as (
    select
        ancestor.unit_code,
        ancestor.unit_valid_from,
        field_event.procedure_field,
        {% for measure in flows + changes %}
        sum(field_event.{{ measure }}) as {{ measure }},
        {% endfor %}
        field_event.month_idx
    from field_event
    inner join {{ ref('int_unit_ancestor') }} as ancestor
        on field_event.placement_id = ancestor.placement_id
    group by ancestor.unit_code, ancestor.unit_valid_from, field_event.procedure_field, field_event.month_idx
),

-- A due date that passes is no event of its own: what happened spans the months, not what will fall due.
span as (
    select
        min(received_month_idx) as first_month_idx,
        max(
            greatest(
                received_month_idx,
                coalesce(end_month_idx, received_month_idx),
                coalesce(waiting_month_idx, received_month_idx)
            )
        ) as last_month_idx
    from {{ ref('int_case') }}
),

unit_field as (
    select distinct
        unit_code,
        unit_valid_from,
        procedure_field
    from unit_event
),

grid as (
    select
        unit_field.unit_code,
        unit_field.unit_valid_from,
        unit_field.procedure_field,
        month.month_idx,
        month.month_id
    from unit_field
    cross join span
    inner join {{ ref('stg_reporting_month') }} as month
        on month.month_idx between span.first_month_idx and span.last_month_idx
),

filled as (
    select
        grid.unit_code,
        grid.unit_valid_from,
        grid.procedure_field,
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
            and grid.procedure_field = unit_event.procedure_field
            and grid.month_idx = unit_event.month_idx
),

stock as (
    select
        unit_code,
        unit_valid_from,
        procedure_field,
        month_idx,
        month_id,
        {% for measure in flows %}
        {{ measure }},
        {% endfor %}
        n_settled_early + n_settled_on_day + n_settled_late + n_settled_no_due_date as n_settled,
        sum(
            n_received - n_withdrawn
            - n_settled_early - n_settled_on_day - n_settled_late - n_settled_no_due_date
        ) over (
            partition by unit_code, unit_valid_from, procedure_field
            order by month_idx rows between unbounded preceding and current row
        ) as n_pending,
        sum(change_in_overdue) over (
            partition by unit_code, unit_valid_from, procedure_field
            order by month_idx rows between unbounded preceding and current row
        ) as n_pending_overdue,
        sum(change_in_no_due_date) over (
            partition by unit_code, unit_valid_from, procedure_field
            order by month_idx rows between unbounded preceding and current row
        ) as n_pending_no_due_date,
        sum(change_in_supplement) over (
            partition by unit_code, unit_valid_from, procedure_field
            order by month_idx rows between unbounded preceding and current row
        ) as n_pending_supplement,
        sum(change_in_late_pending) over (
            partition by unit_code, unit_valid_from, procedure_field
            order by month_idx rows between unbounded preceding and current row
        ) as n_late_pending,
        sum(change_in_late_pending_apologised) over (
            partition by unit_code, unit_valid_from, procedure_field
            order by month_idx rows between unbounded preceding and current row
        ) as n_late_pending_apologised
    from filled
)

select
    unit_code,
    unit_valid_from,
    procedure_field,
    month_idx,
    month_id,
    {% for measure in flows + ['n_settled'] + stocks %}
    cast({{ measure }} as bigint) as {{ measure }},
    {% endfor %}
    cast(n_pending - n_received + n_settled + n_withdrawn as bigint) as n_opening
from stock
