-- The way index set 766 judges a case: when it ended, and at the end of each month while it had not.
with span as (
    select
        min(month_idx) as first_month_idx,
        max(month_idx) as last_month_idx
    from {{ ref('int_case_month') }}
),

-- A case that was stopped ends as well, on the day its source gives; one that was never accepted is none.
ended as (
    select
        present.case_id,
        present.placement_id,
        present.state,
        present.outcome,
        present.received_on,
        present.received_month_idx,
        present.due_on,
        present.timeliness,
        present.supplement_requested_on,
        case
            when present.end_month_idx is not null or (present.state = 'stopped' and stopped_day.month_idx is not null)
                then present.settled_on
        end as ended_on,
        coalesce(
            present.end_month_idx, case when present.state = 'stopped' then stopped_day.month_idx end
        ) as end_month_idx
    from {{ ref('int_case') }} as present
    left join {{ ref('int_day') }} as stopped_day
        on present.settled_on = stopped_day.day_on and present.settled_on >= present.received_on
    where present.outcome is not null
),

-- The day up to which a case is judged: its end, and the last day of each month before the one it ended in.
judged_day as (
    select
        ended.case_id,
        ended.end_month_idx as month_idx,
        'ended' as stage,
        ended.ended_on as judged_on
    from ended
    where ended.end_month_idx is not null
    union all
    select
        ended.case_id,
        month.month_idx,
        'open' as stage,
        month.ends_on as judged_on
    from ended
    cross join span
    inner join {{ ref('stg_reporting_month') }} as month
        on
            month.month_idx >= ended.received_month_idx
            and month.month_idx < coalesce(ended.end_month_idx, span.last_month_idx + 1)
            and month.month_idx <= span.last_month_idx
),

step as (
    select
        ended.case_id,
        greatest(supplement.started_on, ended.received_on) as started_on,
        supplement.ended_on
    from {{ ref('stg_case_step') }} as supplement
    inner join {{ ref('stg_case') }} as stated
        on supplement.case_key = stated.record_key
    inner join ended
        on stated.record_number = ended.case_id
    where supplement.kind = 'supplement'
),

with_step as (
    select distinct case_id from step
),

-- Where the source gives no steps, a case that waits has its one request on the day the case itself says.
request as (
    select
        case_id,
        started_on,
        ended_on
    from step
    union all
    select
        ended.case_id,
        greatest(ended.supplement_requested_on, ended.received_on) as started_on,
        cast(null as date) as ended_on
    from ended
    left join with_step
        on ended.case_id = with_step.case_id
    where
        with_step.case_id is null
        and ended.state = 'supplement_requested'
        and ended.supplement_requested_on is not null
),

requested as (
    select
        judged_day.case_id,
        judged_day.month_idx,
        count(*) as n_requests,
        max(request.started_on) as asked_on,
        max(case when request.ended_on <= judged_day.judged_on then request.ended_on end) as returned_on
    from judged_day
    inner join request
        on judged_day.case_id = request.case_id and request.started_on <= judged_day.judged_on
    group by judged_day.case_id, judged_day.month_idx
),

timed as (
    select
        judged_day.case_id,
        ended.placement_id,
        judged_day.month_idx,
        judged_day.stage,
        ended.received_on,
        procedure_reference.term_days,
        coalesce(procedure_reference.term_kind, 'working') as term_kind,
        coalesce(requested.n_requests, 0) as n_requests,
        -- A due date that a supplement has moved would count the applicant's time twice.
        case when requested.n_requests > 0 then timing.due_original_on else ended.due_on end as due_on,
        case
            when judged_day.stage = 'ended' and requested.n_requests is null and ended.outcome = 'settled'
                then ended.timeliness
        end as timeliness,
        case
            when requested.n_requests is null then judged_day.judged_on
            when requested.returned_on is null then requested.asked_on
            else cast(judged_day.judged_on - cast(requested.returned_on - requested.asked_on as integer) as date)
        end as counted_to,
        case
            when requested.n_requests is null then judged_day.judged_on
            when requested.returned_on is null then requested.asked_on
            else judged_day.judged_on
        end as worked_to,
        case when requested.n_requests = 1 then requested.asked_on end as asked_on,
        case when requested.n_requests = 1 then requested.returned_on end as returned_on,
        case
            when ended.state = 'stopped' and ended.ended_on is null then 1
            when with_step.case_id is not null then 0
            when ended.state = 'supplement_requested' and ended.supplement_requested_on is null then 1
            when
                ended.state <> 'supplement_requested'
                and greatest(ended.supplement_requested_on, ended.received_on) <= judged_day.judged_on
                and ended.supplement_requested_on is not null
                then 1
            else 0
        end as is_unknown
    from judged_day
    inner join ended
        on judged_day.case_id = ended.case_id
    inner join {{ ref('int_case_timing') }} as timing
        on judged_day.case_id = timing.case_id
    inner join {{ ref('int_case') }} as present
        on judged_day.case_id = present.case_id
    left join {{ ref('stg_procedure') }} as procedure_reference
        on present.procedure_code = procedure_reference.code
    left join requested
        on judged_day.case_id = requested.case_id and judged_day.month_idx = requested.month_idx
    left join with_step
        on judged_day.case_id = with_step.case_id
),

counted as (
    select
        timed.case_id,
        timed.placement_id,
        timed.month_idx,
        timed.stage,
        timed.n_requests,
        timed.is_unknown,
        timed.timeliness,
        timed.due_on,
        timed.counted_to,
        timed.term_days,
        case
            when timed.term_kind = 'calendar' then timed.counted_to - timed.received_on
            else
                worked_day.working_day_number - received_day.working_day_number
                - coalesce(returned_day.working_day_number - asked_day.working_day_number, 0)
        end as days_taken
    from timed
    left join {{ ref('stg_working_day') }} as received_day
        on timed.received_on = received_day.day_on
    left join {{ ref('stg_working_day') }} as worked_day
        on timed.worked_to = worked_day.day_on
    left join {{ ref('stg_working_day') }} as asked_day
        on timed.asked_on = asked_day.day_on
    left join {{ ref('stg_working_day') }} as returned_day
        on timed.returned_on = returned_day.day_on
)

select
    case_id,
    placement_id,
    month_idx,
    stage,
    case
        when is_unknown = 1 then 'unknown'
        when n_requests > 1 then 'late'
        when timeliness in ('early', 'on_day') then 'in_time'
        when timeliness = 'late' then 'late'
        when counted_to <= due_on then 'in_time'
        when counted_to > due_on then 'late'
        when days_taken <= term_days then 'in_time'
        when days_taken > term_days then 'late'
        else 'unknown'
    end as standing
from counted
