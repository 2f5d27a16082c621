with threshold as (
    select
        max(case when measure = 'contacts' and level = '2' then limit_value end) as contacts_2,
        max(case when measure = 'contacts' and level = '1' then limit_value end) as contacts_1,
        max(case when measure = 'applicant_at_fault' then level end) as fault_level
    from {{ ref('stg_one_stop_threshold') }}
),

-- A complaint not yet verified counts; only one verified as false does not.
accused as (
    select distinct case_key
    from {{ ref('stg_complaint') }}
    where case_key is not null and class = 'conduct' and (finding is null or finding <> 'unfounded')
),

agency_pace as (
    select
        case_key,
        case
            when ended_on is null or due_on is null then null
            when deadline_precision = 'instant' and ended_at < due_at then 'early'
            when deadline_precision = 'instant' and ended_at = due_at then 'on_day'
            when deadline_precision = 'instant' then 'late'
            when ended_on < due_on then 'early'
            when ended_on = due_on then 'on_day'
            else 'late'
        end as pace
    from {{ ref('stg_case_step') }}
    where kind = 'agency'
),

-- The slowest agency decides; one without an end or a deadline leaves the score open, unless another was late.
agency as (
    select
        case_key,
        case
            when sum(case when pace = 'late' then 1 else 0 end) > 0 then '0'
            when count(*) > count(pace) then null
            when sum(case when pace = 'on_day' then 1 else 0 end) > 0 then '1'
            else '2'
        end as level
    from agency_pace
    group by case_key
),

-- Time taken without what the applicant took, against the time allowed: the date promised first, else the term.
measured as (
    select
        stated.record_key as case_key,
        timing.case_id,
        procedure_reference.term_days,
        case when timing.outcome = 'settled' then timing.timeliness_subtract end as timeliness,
        case
            when
                timing.outcome is null or timing.outcome <> 'settled' or timing.due_original_on is not null
                or timing.waiting_status = 'unknown'
                then null
            when procedure_reference.term_kind = 'calendar'
                then present.settled_on - present.received_on - coalesce(waiting.waiting_days, 0)
            else timing.working_days
        end as days_taken
    from {{ ref('stg_case') }} as stated
    inner join {{ ref('int_case') }} as present
        on stated.record_number = present.case_id
    inner join {{ ref('int_case_timing') }} as timing
        on stated.record_number = timing.case_id
    left join {{ ref('int_case_waiting') }} as waiting
        on stated.record_number = waiting.case_id
    left join {{ ref('stg_procedure') }} as procedure_reference
        on stated.procedure_code = procedure_reference.code
),

settled as (
    select
        case_key,
        case_id,
        case
            when timeliness = 'early' then '2'
            when timeliness = 'on_day' then '1'
            when timeliness = 'late' then '0'
            when days_taken < term_days then '2'
            when days_taken = term_days then '1'
            when days_taken > term_days then '0'
        end as level
    from measured
),

form as (
    select
        stated.record_number as evaluation_id,
        stated.case_key,
        stated.input_id,
        stated.sheet,
        stated.line,
        stated.source,
        stated.evaluated_on,
        stated.mode,
        stated.convenience,
        stated.overall,
        coalesce(named.placement_id, unassigned.placement_id) as placement_id,
        coalesce(named.unit_code, unassigned.unit_code) as unit_code,
        coalesce(named.unit_valid_from, unassigned.unit_valid_from) as unit_valid_from,
        evaluated_day.month_id,
        evaluated_day.month_idx,
        stated.index_1 as stated_1,
        stated.index_2 as stated_2,
        coalesce(
            stated.index_3,
            case
                when stated.contacts <= threshold.contacts_2 then '2'
                when stated.contacts <= threshold.contacts_1 then '1'
                when stated.contacts is not null then '0'
            end
        ) as stated_3,
        stated.index_4 as stated_4,
        stated.index_6 as stated_6,
        stated.index_7 as stated_7,
        case when stated.applicant_at_fault = 'yes' then threshold.fault_level end as fault_level
    from {{ ref('stg_case_evaluation') }} as stated
    cross join threshold
    left join {{ ref('int_unit_path') }} as named
        on
            stated.unit_code = named.unit_code
            and stated.evaluated_on between named.in_force_from and named.in_force_to
    left join {{ ref('int_unit_path') }} as unassigned
        on
            stated.office_code = unassigned.unassigned_of
            and stated.evaluated_on between unassigned.in_force_from and unassigned.in_force_to
    left join {{ ref('int_day') }} as evaluated_day
        on stated.evaluated_on = evaluated_day.day_on
)

select
    form.evaluation_id,
    settled.case_id,
    form.input_id,
    form.sheet,
    form.line,
    form.source,
    form.placement_id,
    form.unit_code,
    form.unit_valid_from,
    form.month_id,
    form.month_idx,
    form.evaluated_on,
    form.mode,
    form.convenience,
    form.overall,
    coalesce(form.stated_1, settled.level) as level_1,
    case when form.stated_1 is not null then 'form' when settled.level is not null then 'computed' end as source_1,
    coalesce(form.stated_2, agency.level) as level_2,
    case when form.stated_2 is not null then 'form' when agency.level is not null then 'computed' end as source_2,
    greatest(form.stated_3, case when form.stated_3 is not null then coalesce(form.fault_level, '0') end) as level_3,
    case
        when form.stated_3 is null then null
        when form.fault_level > form.stated_3 then 'exempted'
        else 'form'
    end as source_3,
    form.stated_4 as level_4,
    case when form.stated_4 is not null then 'form' end as source_4,
    form.stated_6 as level_6,
    case when form.stated_6 is not null then 'form' end as source_6,
    case when accused.case_key is not null then '0' else coalesce(form.stated_7, settled.level) end as level_7,
    case
        when accused.case_key is not null then 'complaint'
        when form.stated_7 is not null then 'form'
        when settled.level is not null then 'computed'
    end as source_7
from form
left join settled
    on form.case_key = settled.case_key
left join agency
    on form.case_key = agency.case_key
left join accused
    on form.case_key = accused.case_key
