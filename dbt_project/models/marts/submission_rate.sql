{%- set states = ['on_time', 'late', 'empty', 'missing'] -%}

with owed as (
    select
        status.unit_code,
        status.unit_valid_from,
        status.dataset,
        status.period_id,
        status.submission_state,
        status.days_late,
        status.n_inputs_refused,
        month.month_idx,
        month.starts_on,
        month.ends_on
    from {{ ref('submission_status') }} as status
    inner join {{ ref('stg_reporting_month') }} as month
        on status.period_id = month.month_id
),

-- What a unit owes counts in the units above it on the month's last day, or the last day it was in force.
placed as (
    select
        owed.unit_code,
        owed.unit_valid_from,
        owed.dataset,
        owed.period_id,
        owed.submission_state,
        owed.days_late,
        owed.n_inputs_refused,
        owed.month_idx,
        max(path.placement_id) as placement_id
    from owed
    left join {{ ref('int_unit_path') }} as path
        on
            owed.unit_code = path.unit_code
            and owed.unit_valid_from = path.unit_valid_from
            and path.in_force_from <= owed.ends_on
            and path.in_force_to >= owed.starts_on
    group by
        owed.unit_code,
        owed.unit_valid_from,
        owed.dataset,
        owed.period_id,
        owed.submission_state,
        owed.days_late,
        owed.n_inputs_refused,
        owed.month_idx
),

counted_in as (
    select
        coalesce(ancestor.unit_code, placed.unit_code) as unit_code,
        coalesce(ancestor.unit_valid_from, placed.unit_valid_from) as unit_valid_from,
        placed.dataset,
        placed.submission_state,
        placed.days_late,
        placed.n_inputs_refused,
        placed.month_idx
    from placed
    left join {{ ref('int_unit_ancestor') }} as ancestor
        on placed.placement_id = ancestor.placement_id
),

each_or_all as (
    {%- for dataset in ['dataset', "'*'"] %}
    select
        unit_code,
        unit_valid_from,
        {{ dataset }} as dataset,
        submission_state,
        days_late,
        n_inputs_refused,
        month_idx
    from counted_in
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

counted as (
    select
        owed.unit_code,
        owed.unit_valid_from,
        owed.dataset,
        period.period_id,
        count(*) as n_expected,
        {% for state in states %}
        sum(case when owed.submission_state = '{{ state }}' then 1 else 0 end) as n_{{ state }},
        {% endfor %}
        sum(case when owed.submission_state = 'empty' and owed.days_late > 0 then 1 else 0 end) as n_empty_late,
        sum(case when owed.submission_state = 'missing' and owed.n_inputs_refused > 0 then 1 else 0 end)
            as n_missing_refused
    from each_or_all as owed
    inner join {{ ref('int_period_month') }} as period
        on owed.month_idx = period.month_idx
    group by owed.unit_code, owed.unit_valid_from, owed.dataset, period.period_id
)

select
    unit_code,
    unit_valid_from,
    dataset,
    period_id,
    cast(n_expected as bigint) as n_expected,
    {% for state in states %}
    cast(n_{{ state }} as bigint) as n_{{ state }},
    {% endfor %}
    cast(n_empty_late as bigint) as n_empty_late,
    cast(n_missing_refused as bigint) as n_missing_refused,
    {% for state in states %}
    {{ percent('n_' ~ state, 'n_expected') }} as {{ state }}_pct,
    {% endfor %}
    {{ percent('(n_expected - n_missing)', 'n_expected') }} as completeness_pct,
    {{ percent('(n_on_time + n_empty - n_empty_late)', 'n_expected') }} as timeliness_pct
from counted
