with measured as (
    select
        present.complaint_id,
        present.placement_id,
        present.channel,
        present.class,
        present.flow_status,
        present.due_on,
        present.closed_on,
        present.received_month_idx,
        present.end_month_idx,
        stated.forwarded_on,
        stated.completion_requested_on,
        stated.published_on,
        stated.finding,
        stated.against_role,
        stated.action_taken,
        received_day.working_day_number as received_number,
        start_day.working_day_number as start_number,
        closed_day.working_day_number as closed_number,
        case when present.state = 'refused' then 'refuse' else 'process' end as step
    from {{ ref('int_complaint') }} as present
    inner join {{ ref('stg_complaint') }} as stated
        on present.complaint_id = stated.record_number
    left join {{ ref('stg_working_day') }} as received_day
        on present.received_on = received_day.day_on
    left join {{ ref('stg_working_day') }} as start_day
        on coalesce(stated.forwarded_on, present.received_on) = start_day.day_on
    left join {{ ref('stg_working_day') }} as closed_day
        on present.closed_on = closed_day.day_on
),

-- The day a limit ends is the working day that many after its start; one past the calendar has not been reached.
limited as (
    select
        measured.complaint_id,
        measured.placement_id,
        measured.channel,
        measured.class,
        measured.flow_status,
        measured.due_on,
        measured.closed_on,
        measured.received_month_idx,
        measured.end_month_idx,
        measured.forwarded_on,
        measured.completion_requested_on,
        measured.published_on,
        measured.finding,
        measured.against_role,
        measured.action_taken,
        case
            when handling_limit.working_days is not null then coalesce(term_day.day_on, cast('9999-12-31' as date))
        end as term_on,
        case
            when publish_limit.working_days is not null then coalesce(publish_day.day_on, cast('9999-12-31' as date))
        end as publish_by_on,
        case
            when completion_limit.working_days is not null
                then coalesce(completion_day.day_on, cast('9999-12-31' as date))
        end as complete_by_on,
        case when measured.end_month_idx is not null then measured.closed_number - measured.received_number end
            as working_days
    from measured
    left join {{ ref('stg_complaint_limit') }} as handling_limit
        on measured.step = handling_limit.step
    left join {{ ref('stg_complaint_limit') }} as publish_limit
        on publish_limit.step = 'publish'
    left join {{ ref('stg_complaint_limit') }} as completion_limit
        on completion_limit.step = 'complete'
    left join {{ ref('stg_working_day') }} as term_day
        on measured.start_number + handling_limit.working_days = term_day.working_day_number and term_day.is_working = 1
    left join {{ ref('stg_working_day') }} as publish_day
        on
            measured.closed_number + publish_limit.working_days = publish_day.working_day_number
            and publish_day.is_working = 1
    left join {{ ref('stg_working_day') }} as completion_day
        on
            measured.start_number + completion_limit.working_days = completion_day.working_day_number
            and completion_day.is_working = 1
),

dated as (
    select
        limited.complaint_id,
        limited.placement_id,
        limited.channel,
        limited.class,
        limited.flow_status,
        limited.due_on,
        limited.received_month_idx,
        limited.end_month_idx,
        limited.forwarded_on,
        limited.completion_requested_on,
        limited.published_on,
        limited.finding,
        limited.against_role,
        limited.action_taken,
        limited.term_on,
        limited.working_days,
        case
            when limited.end_month_idx is null or limited.term_on is null then null
            when limited.closed_on <= limited.term_on then 'in_term'
            else 'past_term'
        end as term_timeliness,
        case
            when limited.end_month_idx is null or limited.publish_by_on is null then null
            when limited.published_on <= limited.publish_by_on then 'in_term'
            when limited.published_on > limited.publish_by_on then 'past_term'
        end as publication_timeliness,
        case
            when limited.completion_requested_on <= limited.complete_by_on then 'in_term'
            when limited.completion_requested_on > limited.complete_by_on then 'past_term'
        end as completion_timeliness,
        case when limited.flow_status = 'placed' then completion_day.month_idx end as completion_month_idx,
        greatest(day_after_term.month_idx, limited.received_month_idx) as past_term_month_idx
    from limited
    left join {{ ref('int_day') }} as day_after_term
        on limited.term_on < cast('9999-12-31' as date) and limited.term_on + 1 = day_after_term.day_on
    left join {{ ref('int_day') }} as completion_day
        on limited.completion_requested_on = completion_day.day_on
)

select
    complaint_id,
    placement_id,
    channel,
    class,
    flow_status,
    due_on,
    received_month_idx,
    end_month_idx,
    forwarded_on,
    completion_requested_on,
    published_on,
    finding,
    against_role,
    action_taken,
    term_on,
    working_days,
    term_timeliness,
    publication_timeliness,
    completion_timeliness,
    completion_month_idx,
    case
        when
            flow_status = 'placed'
            and due_on is null
            and past_term_month_idx < coalesce(end_month_idx, past_term_month_idx + 1)
            then past_term_month_idx
    end as past_term_from_month_idx
from dated
