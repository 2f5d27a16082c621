with placed as (
    select
        activity.record_number as activity_id,
        coalesce(named.placement_id, unassigned.placement_id) as placement_id,
        coalesce(named.unit_code, unassigned.unit_code) as unit_code,
        coalesce(named.unit_valid_from, unassigned.unit_valid_from) as unit_valid_from,
        activity.kind,
        activity.planned_on,
        activity.held_on,
        activity.participants,
        planned_day.month_idx as planned_month_idx,
        planned_day.month_id as planned_month_id,
        held_day.month_idx as held_month_idx
    from {{ ref('stg_activity') }} as activity
    left join {{ ref('int_unit_path') }} as named
        on
            activity.unit_code = named.unit_code
            and activity.planned_on between named.in_force_from and named.in_force_to
    left join {{ ref('int_unit_path') }} as unassigned
        on
            activity.office_code = unassigned.unassigned_of
            and activity.planned_on between unassigned.in_force_from and unassigned.in_force_to
    left join {{ ref('int_day') }} as planned_day
        on activity.planned_on = planned_day.day_on
    left join {{ ref('int_day') }} as held_day
        on activity.held_on = held_day.day_on
),

-- A kind without a row for the unit's level is held to the planned day. A quarter that ends past the calendar goes on.
bounded as (
    select
        placed.activity_id,
        placed.placement_id,
        placed.unit_code,
        placed.unit_valid_from,
        placed.kind,
        placed.planned_on,
        placed.held_on,
        placed.participants,
        placed.planned_month_idx,
        placed.held_month_idx,
        case target.held_within
            when 'month' then planned_month.ends_on
            when 'quarter' then coalesce(quarter_end.ends_on, cast('9999-12-31' as date))
            else placed.planned_on
        end as hold_by_on
    from placed
    left join {{ ref('int_unit') }} as unit
        on placed.unit_code = unit.unit_code and placed.unit_valid_from = unit.unit_valid_from
    left join {{ ref('stg_activity_target') }} as target
        on placed.kind = target.kind and unit.unit_level = target.unit_level
    left join {{ ref('stg_reporting_month') }} as planned_month
        on placed.planned_month_idx = planned_month.month_idx
    left join {{ ref('stg_reporting_month') }} as quarter_end
        on
            substring(placed.planned_month_id, 1, 5)
            || case
                when substring(placed.planned_month_id, 6, 2) <= '03' then '03'
                when substring(placed.planned_month_id, 6, 2) <= '06' then '06'
                when substring(placed.planned_month_id, 6, 2) <= '09' then '09'
                else '12'
            end
            = quarter_end.month_id
)

select
    bounded.activity_id,
    bounded.placement_id,
    bounded.unit_code,
    bounded.unit_valid_from,
    bounded.kind,
    bounded.planned_on,
    bounded.held_on,
    bounded.hold_by_on,
    bounded.participants,
    bounded.planned_month_idx,
    bounded.held_month_idx,
    case
        when bounded.held_on <= bounded.hold_by_on then 'held_in_time'
        when bounded.held_on is not null then 'held_late'
        when bounded.hold_by_on <= span.last_on then 'missed'
        else 'open'
    end as plan_status
from bounded
left join {{ ref('int_data_span') }} as span
    on true
