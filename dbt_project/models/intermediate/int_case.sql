with case_file as (
    select
        received.record_number,
        received.input_id,
        received.sheet,
        received.line,
        received.source,
        received.office_code,
        received.unit_code,
        received.deadline_precision,
        received.procedure_code,
        coalesce(received.procedure_field, procedure_reference.field, '~') as procedure_field,
        coalesce(received.channel, '~') as channel,
        received.state,
        received.received_at,
        received.received_on,
        received.due_at,
        received.due_on,
        received.settled_at,
        received.settled_on,
        received.supplement_requested_on,
        case
            when received.state = 'registered' then 'not_received'
            when received.state = 'rejected' then 'unplaced_refused'
            when received.state not in ('settled', 'returned', 'withdrawn') then 'placed'
            when received.settled_on is null then 'unplaced_no_end'
            when received.settled_on < received.received_on then 'unplaced_end_before_start'
            else 'placed'
        end as flow_status,
        case
            when received.state in ('settled', 'returned') then 'settled'
            when received.state = 'withdrawn' then 'withdrawn'
            when received.state in ('accepted', 'processing') then 'processing'
            when received.state = 'supplement_requested' then 'supplement'
            when received.state in ('payment_requested', 'stopped') then 'stopped'
        end as outcome
    from {{ ref('stg_case') }} as received
    left join {{ ref('stg_procedure') }} as procedure_reference
        on received.procedure_code = procedure_reference.code
),

dated as (
    select
        case_file.record_number,
        case_file.input_id,
        case_file.sheet,
        case_file.line,
        case_file.source,
        case_file.deadline_precision,
        case_file.procedure_code,
        case_file.procedure_field,
        case_file.channel,
        case_file.state,
        case_file.received_at,
        case_file.received_on,
        case_file.due_at,
        case_file.due_on,
        case_file.settled_at,
        case_file.settled_on,
        case_file.supplement_requested_on,
        case_file.flow_status,
        case_file.outcome,
        coalesce(named.placement_id, unassigned.placement_id) as placement_id,
        coalesce(named.unit_code, unassigned.unit_code) as unit_code,
        coalesce(named.unit_valid_from, unassigned.unit_valid_from) as unit_valid_from,
        case
            when named.placement_id is not null then 'named'
            when case_file.unit_code is null then 'missing'
            else 'not_in_force'
        end as unit_status,
        received_day.month_id,
        received_day.month_idx as received_month_idx,
        settled_day.month_idx as settled_month_idx,
        -- Overdue counts from the first month that ends after the due date, and not before the receipt.
        case
            when case_file.due_on < case_file.received_on then received_day.month_idx
            else day_after_due.month_idx
        end as past_due_month_idx,
        case
            when
                case_file.supplement_requested_on is null
                or case_file.supplement_requested_on < case_file.received_on
                then received_day.month_idx
            else supplement_day.month_idx
        end as supplement_month_idx
    from case_file
    left join {{ ref('int_unit_path') }} as named
        on
            case_file.unit_code = named.unit_code
            and case_file.received_on between named.in_force_from and named.in_force_to
    left join {{ ref('int_unit_path') }} as unassigned
        on
            case_file.office_code = unassigned.unassigned_of
            and case_file.received_on between unassigned.in_force_from and unassigned.in_force_to
    left join {{ ref('int_day') }} as received_day
        on case_file.received_on = received_day.day_on
    left join {{ ref('int_day') }} as settled_day
        on case_file.settled_on = settled_day.day_on
    left join {{ ref('int_day') }} as day_after_due
        on case_file.due_on + 1 = day_after_due.day_on
    left join {{ ref('int_day') }} as supplement_day
        on case_file.supplement_requested_on = supplement_day.day_on
),

flow as (
    select
        record_number,
        input_id,
        sheet,
        line,
        source,
        deadline_precision,
        procedure_code,
        procedure_field,
        channel,
        state,
        received_at,
        received_on,
        due_at,
        due_on,
        settled_at,
        settled_on,
        supplement_requested_on,
        flow_status,
        placement_id,
        unit_code,
        unit_valid_from,
        unit_status,
        month_id,
        received_month_idx,
        past_due_month_idx,
        case when flow_status = 'placed' then outcome end as outcome,
        case when flow_status = 'placed' and outcome in ('settled', 'withdrawn') then settled_month_idx end
            as end_month_idx,
        case
            when flow_status <> 'placed' then null
            when outcome = 'supplement' then supplement_month_idx
            when outcome = 'stopped' then received_month_idx
        end as waiting_month_idx,
        case
            when flow_status <> 'placed' or outcome <> 'settled' then null
            when due_on is null then 'no_due_date'
            when deadline_precision = 'instant' and settled_at < due_at then 'early'
            when deadline_precision = 'instant' and settled_at = due_at then 'on_day'
            when deadline_precision = 'instant' then 'late'
            when settled_on < due_on then 'early'
            when settled_on = due_on then 'on_day'
            else 'late'
        end as timeliness
    from dated
)

select
    flow.record_number as case_id,
    flow.input_id,
    flow.sheet,
    flow.line,
    flow.source,
    flow.placement_id,
    flow.unit_code,
    flow.unit_valid_from,
    flow.unit_status,
    flow.month_id,
    flow.procedure_code,
    flow.procedure_field,
    flow.channel,
    flow.state,
    flow.deadline_precision,
    flow.received_at,
    flow.received_on,
    flow.due_at,
    flow.due_on,
    flow.settled_at,
    flow.settled_on,
    flow.supplement_requested_on,
    flow.flow_status,
    flow.outcome,
    flow.timeliness,
    flow.received_month_idx,
    flow.end_month_idx,
    flow.waiting_month_idx,
    -- The months at whose ends the case is in processing past its due date: [overdue_from, left), open while pending.
    case
        when
            flow.outcome is not null
            and flow.past_due_month_idx
            < coalesce(flow.end_month_idx, flow.waiting_month_idx, flow.past_due_month_idx + 1)
            then flow.past_due_month_idx
    end as overdue_from_month_idx,
    case
        when
            flow.outcome is not null
            and flow.due_on is null
            and flow.received_month_idx
            < coalesce(flow.end_month_idx, flow.waiting_month_idx, flow.received_month_idx + 1)
            then flow.received_month_idx
    end as no_due_date_from_month_idx,
    coalesce(flow.end_month_idx, flow.waiting_month_idx) as left_month_idx
from flow
