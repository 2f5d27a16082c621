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

late_case as (
    select
        present.unit_code,
        present.unit_valid_from,
        present.case_id,
        present.procedure_code,
        present.procedure_field,
        present.received_on,
        present.due_on,
        timing.due_original_on,
        timing.apologised_on,
        present.settled_on,
        present.timeliness,
        present.overdue_from_month_idx,
        timing.is_settled_late,
        timing.late_from_month_idx,
        timing.end_month_idx,
        timing.left_month_idx
    from {{ ref('int_case') }} as present
    inner join {{ ref('int_case_timing') }} as timing
        on present.case_id = timing.case_id
    where timing.is_settled_late = 1 or timing.late_from_month_idx is not null
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
        settled.due_original_on,
        settled.apologised_on,
        settled.settled_on,
        covered.month_id,
        settled.settled_on as counted_to,
        case when settled.timeliness = 'late' then 'settled_late' else 'settled_late_original' end as overdue_status,
        case when settled.apologised_on is null then 'owed' else 'issued' end as apology_status
    from late_case as settled
    inner join covered
        on settled.end_month_idx = covered.month_idx
    where settled.is_settled_late = 1
    union all
    select
        pending.unit_code,
        pending.unit_valid_from,
        pending.case_id,
        pending.procedure_code,
        pending.procedure_field,
        pending.received_on,
        pending.due_on,
        pending.due_original_on,
        pending.apologised_on,
        pending.settled_on,
        covered.month_id,
        covered.ends_on as counted_to,
        case
            when pending.overdue_from_month_idx <= covered.month_idx then 'pending_overdue'
            else 'pending_overdue_original'
        end as overdue_status,
        case when pending.apologised_on <= covered.ends_on then 'issued' else 'owed' end as apology_status
    from late_case as pending
    inner join covered
        on
            pending.late_from_month_idx <= covered.month_idx
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
    cast(
        counted_to
        - case when overdue_status in ('settled_late', 'pending_overdue') then due_on else due_original_on end as bigint
    ) as days_late,
    overdue_status,
    due_original_on,
    apologised_on,
    apology_status
from overdue
