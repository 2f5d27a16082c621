with request as (
    select
        settling.case_id,
        step.record_number as step_number,
        greatest(step.started_on, settling.received_on) as started_on,
        -- One never answered lasts as long as the case; what is known of a case ends with its settlement.
        case
            when settling.outcome = 'settled'
                then least(coalesce(step.ended_on, settling.settled_on), settling.settled_on)
        end as ended_on
    from {{ ref('stg_case_step') }} as step
    inner join {{ ref('stg_case') }} as received
        on step.case_key = received.record_key
    inner join {{ ref('int_case') }} as settling
        on received.record_number = settling.case_id
    where
        step.kind = 'supplement'
        and (settling.outcome is null or settling.outcome <> 'settled' or step.started_on <= settling.settled_on)
),

numbered as (
    select
        request.case_id,
        request.started_on,
        request.ended_on,
        start_day.working_day_number as started_number,
        end_day.working_day_number as ended_number,
        max(request.ended_on) over (
            partition by request.case_id
            order by request.started_on, request.step_number rows between unbounded preceding and 1 preceding
        ) as waited_to,
        max(end_day.working_day_number) over (
            partition by request.case_id
            order by request.started_on, request.step_number rows between unbounded preceding and 1 preceding
        ) as waited_to_number
    from request
    left join {{ ref('stg_working_day') }} as start_day
        on request.started_on = start_day.day_on
    left join {{ ref('stg_working_day') }} as end_day
        on request.ended_on = end_day.day_on
)

-- Days that several requests share count once: of each request what lies past all earlier ones.
select
    case_id,
    cast(count(*) as bigint) as n_supplements,
    max(ended_on) as resubmitted_on,
    cast(sum(greatest(ended_on - greatest(started_on, coalesce(waited_to, started_on)), 0)) as bigint) as waiting_days,
    cast(
        sum(greatest(ended_number - greatest(started_number, coalesce(waited_to_number, started_number)), 0)) as bigint
    ) as waiting_working_days
from numbered
group by case_id
