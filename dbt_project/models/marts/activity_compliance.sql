{%- set measures = [
    'n_planned', 'n_held_in_time', 'n_held_late', 'n_missed', 'n_open', 'n_held', 'n_participants',
] -%}
{%- set activities = ref('int_activity') -%}
{%- set keys = ['placement_id', 'kind'] -%}

with event as (
    {{ count_events(activities, keys, 'planned_month_idx', measures, {
        'n_planned': '1',
        'n_held_in_time': "case when plan_status = 'held_in_time' then 1 else 0 end",
        'n_held_late': "case when plan_status = 'held_late' then 1 else 0 end",
        'n_missed': "case when plan_status = 'missed' then 1 else 0 end",
        'n_open': "case when plan_status = 'open' then 1 else 0 end",
    }) }}
    union all
    {{ count_events(activities, keys, 'held_month_idx', measures, {
        'n_held': '1',
        'n_participants': 'coalesce(participants, 0)',
    }) }}
),

-- Months of a plan that lie past the last month with data are not counted yet.
counted as (
    select
        ancestor.unit_code,
        ancestor.unit_valid_from,
        period.period_id,
        {% for measure in measures %}
        sum(event.{{ measure }}) as {{ measure }},
        {% endfor %}
        event.kind
    from event
    inner join {{ ref('int_data_span') }} as span
        on event.month_idx <= span.last_month_idx
    inner join {{ ref('int_unit_ancestor') }} as ancestor
        on event.placement_id = ancestor.placement_id
    inner join {{ ref('int_period_month') }} as period
        on event.month_idx = period.month_idx
    group by ancestor.unit_code, ancestor.unit_valid_from, period.period_id, event.kind
),

-- The minimum is judged in years in which the workspace has an activity at all: else nobody reports them.
judged_year as (
    select
        period.period_id,
        min(period.starts_on) as starts_on,
        max(period.ends_on) as ends_on
    from {{ ref('int_period_month') }} as period
    inner join {{ ref('int_data_span') }} as span
        on period.month_idx <= span.last_month_idx
    where period.period_kind = 'year' and period.period_id in (select counted.period_id from counted)
    group by period.period_id
),

owing as (
    select
        judged_year.period_id,
        target.kind,
        unit.unit_code,
        unit.unit_valid_from,
        target.minimum_per_year,
        path.placement_id,
        case when counted.n_held >= target.minimum_per_year then 1 else 0 end as is_met
    from judged_year
    inner join {{ ref('int_unit') }} as unit
        on unit.unit_valid_from <= judged_year.starts_on and unit.unit_valid_to >= judged_year.ends_on
    inner join {{ ref('int_unit_path') }} as path
        on
            unit.unit_code = path.unit_code
            and unit.unit_valid_from = path.unit_valid_from
            and judged_year.ends_on between path.in_force_from and path.in_force_to
    inner join {{ ref('stg_activity_target') }} as target
        on unit.unit_level = target.unit_level and target.minimum_per_year is not null
    left join counted
        on
            unit.unit_code = counted.unit_code
            and unit.unit_valid_from = counted.unit_valid_from
            and judged_year.period_id = counted.period_id
            and target.kind = counted.kind
),

minimum as (
    select
        ancestor.unit_code,
        ancestor.unit_valid_from,
        owing.period_id,
        owing.kind,
        max(case when ancestor.unit_code = owing.unit_code then owing.minimum_per_year end) as minimum_per_year,
        count(*) as n_units_owing,
        sum(owing.is_met) as n_units_met
    from owing
    inner join {{ ref('int_unit_ancestor') }} as ancestor
        on owing.placement_id = ancestor.placement_id
    group by ancestor.unit_code, ancestor.unit_valid_from, owing.period_id, owing.kind
),

grid as (
    select
        unit_code,
        unit_valid_from,
        period_id,
        kind
    from counted
    union
    select
        unit_code,
        unit_valid_from,
        period_id,
        kind
    from minimum
),

joined as (
    select
        grid.unit_code,
        grid.unit_valid_from,
        grid.period_id,
        grid.kind,
        {% for measure in measures %}
        cast(coalesce(counted.{{ measure }}, 0) as bigint) as {{ measure }},
        {% endfor %}
        minimum.minimum_per_year,
        cast(coalesce(minimum.n_units_owing, 0) as bigint) as n_units_owing,
        cast(coalesce(minimum.n_units_met, 0) as bigint) as n_units_met
    from grid
    left join counted
        on
            grid.unit_code = counted.unit_code
            and grid.unit_valid_from = counted.unit_valid_from
            and grid.period_id = counted.period_id
            and grid.kind = counted.kind
    left join minimum
        on
            grid.unit_code = minimum.unit_code
            and grid.unit_valid_from = minimum.unit_valid_from
            and grid.period_id = minimum.period_id
            and grid.kind = minimum.kind
)

select
    unit_code,
    unit_valid_from,
    period_id,
    kind,
    n_planned,
    n_held_in_time,
    n_held_late,
    n_missed,
    n_open,
    n_planned - n_open as n_plan_due,
    {{ percent('n_held_in_time', '(n_planned - n_open)') }} as plan_pct,
    n_held,
    n_participants,
    minimum_per_year,
    n_units_owing,
    n_units_met,
    {{ percent('n_units_met', 'n_units_owing') }} as minimum_pct
from joined
