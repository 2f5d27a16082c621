-- Cases linked to a complaint, or whose applicant was not content, from the first month in which that is known.
with discontent as (
    select
        told.case_key,
        min(told.month_idx) as month_idx
    from (
        select
            complaint.case_key,
            received_day.month_idx
        from {{ ref('stg_complaint') }} as complaint
        inner join {{ ref('int_day') }} as received_day
            on complaint.received_on = received_day.day_on
        where complaint.case_key is not null
        union all
        select
            form.case_key,
            evaluated_day.month_idx
        from {{ ref('stg_case_evaluation') }} as form
        inner join {{ ref('int_day') }} as evaluated_day
            on form.evaluated_on = evaluated_day.day_on
        where form.case_key is not null and form.overall = 'dissatisfied'
    ) as told
    group by told.case_key
),

-- What becomes known later also changes the month a case ended in; a month-end stock holds what was known by then.
case_standing as (
    select
        deadline.placement_id,
        deadline.month_idx,
        deadline.stage,
        deadline.standing,
        case
            when
                discontent.case_key is not null
                and (deadline.stage = 'ended' or discontent.month_idx <= deadline.month_idx)
                then 'discontent'
            when deadline.standing = 'late' then 'discontent'
            when deadline.standing = 'in_time' then 'content'
            else 'unknown'
        end as contentment
    from {{ ref('int_case_deadline') }} as deadline
    inner join {{ ref('stg_case') }} as stated
        on deadline.case_id = stated.record_number
    left join discontent
        on stated.record_key = discontent.case_key
),

case_flag as (
    select
        present.placement_id,
        present.flow_status,
        present.received_month_idx,
        case when present.outcome = 'settled' then present.end_month_idx end as settled_month_idx,
        timing.working_days,
        case
            when present.channel <> 'online' then 'no'
            when procedure_reference.needs_result is null or procedure_reference.needs_result = 'no' then 'yes'
            else stated.result_electronic
        end as is_online,
        coalesce(stated.fee_required, case when procedure_reference.has_fee = 'no' then 'no' end) as has_fee,
        stated.paid_online,
        procedure_reference.needs_result,
        stated.result_electronic,
        case
            when stated.components_digitised = 'no' or stated.result_digitised = 'no' then 'no'
            when stated.components_digitised = 'yes' and stated.result_digitised = 'yes' then 'yes'
        end as is_digitised,
        stated.data_reused
    from {{ ref('int_case') }} as present
    inner join {{ ref('stg_case') }} as stated
        on present.case_id = stated.record_number
    inner join {{ ref('int_case_timing') }} as timing
        on present.case_id = timing.case_id
    left join {{ ref('stg_procedure') }} as procedure_reference
        on present.procedure_code = procedure_reference.code
),

last_complaint_month as (
    select max(month_idx) as month_idx from {{ ref('int_complaint_month') }}
),

complaint_flag as (
    select
        present.placement_id,
        present.flow_status,
        present.received_month_idx,
        present.class,
        case
            when stated.dislikes > coalesce(stated.likes, 0) or stated.recomplained = 'yes' then 'no'
            when present.timeliness = 'late' then 'no'
            when present.due_on is null and timing.term_timeliness = 'past_term' then 'no'
            when
                present.end_month_idx is null
                and least(
                    coalesce(present.overdue_from_month_idx, timing.past_term_from_month_idx),
                    coalesce(timing.past_term_from_month_idx, present.overdue_from_month_idx)
                ) <= last_complaint_month.month_idx
                then 'no'
            when present.due_on is not null or timing.term_on is not null then 'yes'
        end as is_content
    from {{ ref('int_complaint') }} as present
    inner join {{ ref('stg_complaint') }} as stated
        on present.complaint_id = stated.record_number
    inner join {{ ref('int_complaint_timing') }} as timing
        on present.complaint_id = timing.complaint_id
    cross join last_complaint_month
),

-- One row per record and item it counts in: 'yes' in the numerator, 'no' in the denominator alone, else left out.
flagged as (
    select
        placement_id,
        month_idx,
        stage,
        '2.1' as item_code,
        case standing when 'in_time' then 'yes' when 'late' then 'no' end as flag,
        cast(1 as bigint) as amount
    from case_standing
    union all
    select
        placement_id,
        month_idx,
        stage,
        '5.4' as item_code,
        case contentment when 'content' then 'yes' when 'discontent' then 'no' end as flag,
        cast(1 as bigint) as amount
    from case_standing
    {%- for item_code in ['2.1', '5.4'] %}
    union all
    select
        placement_id,
        received_month_idx as month_idx,
        'ended' as stage,
        '{{ item_code }}' as item_code,
        null as flag,
        cast(1 as bigint) as amount
    from case_flag
    where flow_status in ('unplaced_no_end', 'unplaced_end_before_start')
    {%- endfor %}
    union all
    select
        placement_id,
        settled_month_idx as month_idx,
        'ended' as stage,
        '2.2' as item_code,
        case when working_days is not null then 'yes' end as flag,
        coalesce(working_days, 0) as amount
    from case_flag
    where settled_month_idx is not null
    union all
    select
        placement_id,
        received_month_idx as month_idx,
        'ended' as stage,
        '3.3' as item_code,
        is_online as flag,
        cast(1 as bigint) as amount
    from case_flag
    where flow_status = 'placed'
    union all
    select
        placement_id,
        received_month_idx as month_idx,
        'ended' as stage,
        '3.6' as item_code,
        case when has_fee = 'yes' then paid_online end as flag,
        cast(1 as bigint) as amount
    from case_flag
    where flow_status = 'placed' and (has_fee is null or has_fee = 'yes')
    union all
    select
        placement_id,
        settled_month_idx as month_idx,
        'ended' as stage,
        '4.1' as item_code,
        case when needs_result = 'yes' then result_electronic end as flag,
        cast(1 as bigint) as amount
    from case_flag
    where settled_month_idx is not null and (needs_result is null or needs_result = 'yes')
    union all
    select
        placement_id,
        settled_month_idx as month_idx,
        'ended' as stage,
        '4.2' as item_code,
        is_digitised as flag,
        cast(1 as bigint) as amount
    from case_flag
    where settled_month_idx is not null
    union all
    select
        placement_id,
        received_month_idx as month_idx,
        'ended' as stage,
        '4.3' as item_code,
        data_reused as flag,
        cast(1 as bigint) as amount
    from case_flag
    where flow_status = 'placed'
    {%- for item_code, class in [('5.1a', 'regulation'), ('5.1b', 'conduct')] %}
    union all
    select
        placement_id,
        received_month_idx as month_idx,
        'ended' as stage,
        '{{ item_code }}' as item_code,
        case when class = '~' then null when class = '{{ class }}' then 'yes' else 'no' end as flag,
        cast(1 as bigint) as amount
    from complaint_flag
    where flow_status = 'placed'
    {%- endfor %}
    union all
    select
        placement_id,
        received_month_idx as month_idx,
        'ended' as stage,
        '5.3' as item_code,
        case when flow_status = 'placed' then is_content end as flag,
        cast(1 as bigint) as amount
    from complaint_flag
)

select
    placement_id,
    month_idx,
    item_code,
    stage,
    cast(sum(case when flag = 'yes' then amount else 0 end) as bigint) as numerator,
    cast(sum(case when flag is null then 0 else 1 end) as bigint) as n_denominator,
    cast(sum(case when flag is null then 1 else 0 end) as bigint) as n_left_out
from flagged
group by placement_id, month_idx, item_code, stage
