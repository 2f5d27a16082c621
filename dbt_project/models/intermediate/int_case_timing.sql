{%- set bases = ['shift', 'restart', 'subtract'] -%}

-- Where the record does not say what was promised first, the first step that moved the due date does.
with first_move as (
    select
        case_key,
        due_before_at,
        due_before_on,
        row_number() over (partition by case_key order by started_at, record_number) as place
    from {{ ref('stg_case_step') }}
    where due_before_on is not null
),

measured as (
    select
        present.case_id,
        present.placement_id,
        present.procedure_field,
        present.outcome,
        present.timeliness,
        present.deadline_precision,
        present.received_on,
        present.due_on,
        present.settled_at,
        present.settled_on,
        present.received_month_idx,
        present.end_month_idx,
        present.left_month_idx,
        present.overdue_from_month_idx,
        stated.apologised_on,
        coalesce(stated.due_original_at, first_move.due_before_at, stated.due_at) as due_original_at,
        coalesce(stated.due_original_on, first_move.due_before_on, stated.due_on) as due_original_on,
        case
            when waiting.case_id is not null then 'known'
            when present.supplement_requested_on is not null then 'unknown'
            else 'none'
        end as waiting_status,
        coalesce(waiting.n_supplements, 0) as n_supplements,
        waiting.resubmitted_on,
        waiting.waiting_days,
        waiting.waiting_working_days,
        coalesce(procedure_reference.term_kind, 'working') as term_kind
    from {{ ref('int_case') }} as present
    inner join {{ ref('stg_case') }} as stated
        on present.case_id = stated.record_number
    left join first_move
        on stated.record_key = first_move.case_key and first_move.place = 1
    left join {{ ref('int_case_waiting') }} as waiting
        on present.case_id = waiting.case_id
    left join {{ ref('stg_procedure') }} as procedure_reference
        on present.procedure_code = procedure_reference.code
),

counted as (
    select
        measured.case_id,
        measured.placement_id,
        measured.procedure_field,
        measured.outcome,
        measured.timeliness,
        measured.due_on,
        measured.settled_on,
        measured.due_original_at,
        measured.due_original_on,
        measured.apologised_on,
        measured.waiting_status,
        measured.n_supplements,
        measured.resubmitted_on,
        measured.waiting_days,
        measured.term_kind,
        measured.end_month_idx,
        measured.left_month_idx,
        measured.overdue_from_month_idx,
        measured.due_original_on - measured.received_on as term_days,
        due_day.working_day_number - received_day.working_day_number as term_working_days,
        case
            when measured.outcome = 'settled' and measured.waiting_status <> 'unknown'
                then
                    settled_day.working_day_number - received_day.working_day_number
                    - coalesce(measured.waiting_working_days, 0)
        end as working_days,
        case when measured.outcome = 'settled' then measured.waiting_working_days end as waiting_working_days,
        case
            when measured.outcome is null or measured.outcome <> 'settled' then null
            when measured.due_original_on is null then 'unclassified'
            when measured.deadline_precision = 'instant' and measured.settled_at < measured.due_original_at then 'early'
            when measured.deadline_precision = 'instant' and measured.settled_at = measured.due_original_at
                then 'on_day'
            when measured.deadline_precision = 'instant' then 'late'
            when measured.settled_on < measured.due_original_on then 'early'
            when measured.settled_on = measured.due_original_on then 'on_day'
            else 'late'
        end as timeliness_original,
        case
            when measured.due_original_on < measured.received_on then measured.received_month_idx
            else day_after_due.month_idx
        end as past_original_month_idx,
        apology_day.month_idx as apology_month_idx
    from measured
    left join {{ ref('stg_working_day') }} as received_day
        on measured.received_on = received_day.day_on
    left join {{ ref('stg_working_day') }} as settled_day
        on measured.settled_on = settled_day.day_on
    left join {{ ref('stg_working_day') }} as due_day
        on measured.due_original_on = due_day.day_on
    left join {{ ref('int_day') }} as day_after_due
        on measured.due_original_on + 1 = day_after_due.day_on
    left join {{ ref('int_day') }} as apology_day
        on measured.apologised_on = apology_day.day_on
),

-- The few cases whose due date a supplement moves. A day off rolls forward: the working day one past the day before it.
supplemented as (
    select
        case_id,
        settled_on,
        due_original_on,
        waiting_days,
        resubmitted_on,
        case when term_kind = 'working' then term_working_days end as term_working_days,
        cast(due_original_on + cast(waiting_days as integer) - 1 as date) as before_shifted_on,
        cast(
            resubmitted_on
            + cast(case when term_kind = 'calendar' then greatest(term_days, 0) else 0 end as integer) - 1
            as date
        ) as before_restarted_on
    from counted
    where outcome = 'settled' and waiting_status = 'known' and due_original_on is not null
),

moved as (
    select
        supplemented.case_id,
        supplemented.settled_on,
        supplemented.due_original_on,
        supplemented.waiting_days,
        before_shifted.working_day_number + 1 as shifted_number,
        case
            when before_restarted.working_day_number is not null
                then
                    greatest(
                        before_restarted.working_day_number + 1,
                        resubmitted.working_day_number + coalesce(supplemented.term_working_days, 0)
                    )
        end as restarted_number
    from supplemented
    left join {{ ref('stg_working_day') }} as before_shifted
        on supplemented.before_shifted_on = before_shifted.day_on
    left join {{ ref('stg_working_day') }} as before_restarted
        on supplemented.before_restarted_on = before_restarted.day_on
    left join {{ ref('stg_working_day') }} as resubmitted
        on supplemented.resubmitted_on = resubmitted.day_on
),

-- A due date past the end of the calendar is later than anything that has happened.
restated as (
    select
        moved.case_id,
        moved.settled_on as ended_shift_on,
        moved.settled_on as ended_restart_on,
        cast(moved.settled_on - cast(moved.waiting_days as integer) as date) as ended_subtract_on,
        coalesce(shifted.day_on, cast('9999-12-31' as date)) as due_shift_on,
        coalesce(restarted.day_on, cast('9999-12-31' as date)) as due_restart_on,
        moved.due_original_on as due_subtract_on
    from moved
    left join {{ ref('stg_working_day') }} as shifted
        on moved.shifted_number = shifted.working_day_number and shifted.is_working = 1
    left join {{ ref('stg_working_day') }} as restarted
        on moved.restarted_number = restarted.working_day_number and restarted.is_working = 1
),

judged as (
    select
        counted.case_id,
        counted.placement_id,
        counted.procedure_field,
        counted.outcome,
        counted.due_on,
        counted.due_original_on,
        counted.apologised_on,
        counted.waiting_status,
        counted.n_supplements,
        counted.waiting_working_days,
        counted.working_days,
        counted.timeliness_original,
        counted.end_month_idx,
        counted.left_month_idx,
        counted.overdue_from_month_idx,
        counted.apology_month_idx,
        case
            when counted.outcome is null or counted.outcome <> 'settled' then null
            when counted.timeliness = 'no_due_date' then 'unclassified'
            else counted.timeliness
        end as timeliness_given,
        {% for basis in bases %}
        case
            when counted.outcome is null or counted.outcome <> 'settled' then null
            when counted.waiting_status = 'unknown' then 'unclassified'
            when restated.case_id is null then counted.timeliness_original
            when restated.ended_{{ basis }}_on < restated.due_{{ basis }}_on then 'early'
            when restated.ended_{{ basis }}_on = restated.due_{{ basis }}_on then 'on_day'
            else 'late'
        end as timeliness_{{ basis }},
        {% endfor %}
        case
            when
                counted.outcome is not null
                and counted.past_original_month_idx
                < coalesce(counted.left_month_idx, counted.past_original_month_idx + 1)
                then counted.past_original_month_idx
        end as overdue_original_from_month_idx
    from counted
    left join restated
        on counted.case_id = restated.case_id
),

late as (
    select
        case_id,
        placement_id,
        procedure_field,
        outcome,
        due_on,
        due_original_on,
        apologised_on,
        waiting_status,
        n_supplements,
        waiting_working_days,
        working_days,
        timeliness_given,
        timeliness_original,
        {% for basis in bases %}
        timeliness_{{ basis }},
        {% endfor %}
        end_month_idx,
        left_month_idx,
        overdue_from_month_idx,
        overdue_original_from_month_idx,
        apology_month_idx,
        case when timeliness_given = 'late' or timeliness_original = 'late' then 1 else 0 end as is_settled_late,
        least(
            coalesce(overdue_from_month_idx, overdue_original_from_month_idx),
            coalesce(overdue_original_from_month_idx, overdue_from_month_idx)
        ) as late_from_month_idx
    from judged
)

select
    case_id,
    placement_id,
    procedure_field,
    outcome,
    due_original_on,
    apologised_on,
    waiting_status,
    cast(n_supplements as bigint) as n_supplements,
    cast(waiting_working_days as bigint) as waiting_working_days,
    cast(working_days as bigint) as working_days,
    timeliness_given,
    timeliness_original,
    {% for basis in bases %}
    timeliness_{{ basis }},
    {% endfor %}
    end_month_idx,
    left_month_idx,
    overdue_original_from_month_idx,
    is_settled_late,
    late_from_month_idx,
    case when due_on <> due_original_on then 1 else 0 end as is_due_moved,
    -- From the month of the apology, or from the first month the case is late: [from, left), open while pending.
    case
        when
            greatest(late_from_month_idx, apology_month_idx)
            < coalesce(left_month_idx, greatest(late_from_month_idx, apology_month_idx) + 1)
            and late_from_month_idx is not null
            and apology_month_idx is not null
            then greatest(late_from_month_idx, apology_month_idx)
    end as late_apologised_from_month_idx
from late
