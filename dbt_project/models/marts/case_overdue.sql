with span as (
    select
        min(month_idx) as first_month_idx,
        max(month_idx) as last_month_idx
    from {{ ref('int_case_month') }}
),

covered as (
    select
        month.month_idx,
        month.month_id,
        month.ends_on
    from {{ ref('stg_reporting_month') }} as month
    inner join span
        on month.month_idx between span.first_month_idx and span.last_month_idx
),

overdue as (
    select
        settled.unit_code,
        settled.unit_valid_from,
        settled.case_id,
        settled.procedure_code,
        settled.procedure_field,
        settled.received_on,
        settled.due_on,
        settled.settled_on,
        covered.month_id,
        settled.settled_on as counted_to,
        'settled_late' as overdue_status
    from {{ ref('int_case') }} as settled
    inner join covered
        on settled.end_month_idx = covered.month_idx
    where settled.timeliness = 'late'
    union all
    select
        pending.unit_code,
        pending.unit_valid_from,
        pending.case_id,
        pending.procedure_code,
        pending.procedure_field,
        pending.received_on,
        pending.due_on,
        pending.settled_on,
        covered.month_id,
        covered.ends_on as counted_to,
        'pending_overdue' as overdue_status
    from {{ ref('int_case') }} as pending
    inner join covered
        on
            pending.overdue_from_month_idx <= covered.month_idx
            and (pending.left_month_idx is null or covered.month_idx < pending.left_month_idx)
)

select
    unit_code,
    unit_valid_from,
    month_id as period_id,
    case_id,
    procedure_code,
    procedure_field,
    received_on,
    due_on,
    settled_on,
    cast(counted_to - due_on as bigint) as days_late,
    overdue_status
from overdue
