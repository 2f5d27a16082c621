with complaint as (
    select
        record_number,
        input_id,
        sheet,
        line,
        source,
        office_code,
        unit_code,
        deadline_precision,
        coalesce(channel, '~') as channel,
        coalesce(class, '~') as class,
        topic,
        state,
        received_at,
        received_on,
        due_at,
        due_on,
        closed_at,
        closed_on,
        case
            when state not in ('done', 'refused') then 'placed'
            when closed_on is null then 'unplaced_no_end'
            when closed_on < received_on then 'unplaced_end_before_start'
            else 'placed'
        end as flow_status
    from {{ ref('stg_complaint') }}
),

dated as (
    select
        complaint.record_number,
        complaint.input_id,
        complaint.sheet,
        complaint.line,
        complaint.source,
        complaint.deadline_precision,
        complaint.channel,
        complaint.class,
        complaint.topic,
        complaint.state,
        complaint.received_at,
        complaint.received_on,
        complaint.due_at,
        complaint.due_on,
        complaint.closed_at,
        complaint.closed_on,
        complaint.flow_status,
        coalesce(named.placement_id, unassigned.placement_id) as placement_id,
        coalesce(named.unit_code, unassigned.unit_code) as unit_code,
        coalesce(named.unit_valid_from, unassigned.unit_valid_from) as unit_valid_from,
        case
            when named.placement_id is not null then 'named'
            when complaint.unit_code is null then 'missing'
            else 'not_in_force'
        end as unit_status,
        received_day.month_id,
        received_day.month_idx as received_month_idx,
        case
            when complaint.flow_status = 'placed' and complaint.state in ('done', 'refused') then closed_day.month_idx
        end as end_month_idx,
        case
            when complaint.due_on < complaint.received_on then received_day.month_idx
            else day_after_due.month_idx
        end as past_due_month_idx,
        case
            when complaint.flow_status <> 'placed' or complaint.state not in ('done', 'refused') then null
            when complaint.due_on is null then 'no_due_date'
            when complaint.deadline_precision = 'instant' and complaint.closed_at <= complaint.due_at then 'in_time'
            when complaint.deadline_precision = 'instant' then 'late'
            when complaint.closed_on <= complaint.due_on then 'in_time'
            else 'late'
        end as timeliness
    from complaint
    left join {{ ref('int_unit_path') }} as named
        on
            complaint.unit_code = named.unit_code
            and complaint.received_on between named.in_force_from and named.in_force_to
    left join {{ ref('int_unit_path') }} as unassigned
        on
            complaint.office_code = unassigned.unassigned_of
            and complaint.received_on between unassigned.in_force_from and unassigned.in_force_to
    left join {{ ref('int_day') }} as received_day
        on complaint.received_on = received_day.day_on
    left join {{ ref('int_day') }} as closed_day
        on complaint.closed_on = closed_day.day_on
    left join {{ ref('int_day') }} as day_after_due
        on complaint.due_on + 1 = day_after_due.day_on
)

select
    record_number as complaint_id,
    input_id,
    sheet,
    line,
    source,
    placement_id,
    unit_code,
    unit_valid_from,
    unit_status,
    month_id,
    channel,
    class,
    topic,
    state,
    deadline_precision,
    received_at,
    received_on,
    due_at,
    due_on,
    closed_at,
    closed_on,
    flow_status,
    timeliness,
    received_month_idx,
    end_month_idx,
    case
        when
            flow_status = 'placed'
            and past_due_month_idx < coalesce(end_month_idx, past_due_month_idx + 1)
            then past_due_month_idx
    end as overdue_from_month_idx,
    case
        when
            flow_status = 'placed'
            and due_on is null
            and received_month_idx < coalesce(end_month_idx, received_month_idx + 1)
            then received_month_idx
    end as no_due_date_from_month_idx
from dated
