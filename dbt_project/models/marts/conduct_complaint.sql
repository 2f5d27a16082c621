{%- set measures = ['n_received', 'n_closed', 'n_closed_in_time', 'n_closed_late', 'n_closed_no_due_date'] -%}
{%- set keys = ['finding', 'against_role', 'action_taken'] -%}

with conduct as (
    select
        timing.placement_id,
        coalesce(timing.finding, '~') as finding,
        coalesce(timing.against_role, '~') as against_role,
        coalesce(timing.action_taken, '~') as action_taken,
        timing.received_month_idx,
        timing.end_month_idx,
        present.timeliness
    from {{ ref('int_complaint_timing') }} as timing
    inner join {{ ref('int_complaint') }} as present
        on timing.complaint_id = present.complaint_id
    where timing.class = 'conduct' and timing.flow_status = 'placed'
),

event as (
    {{ count_events('conduct', ['placement_id'] + keys, 'received_month_idx', measures, {'n_received': '1'}) }}
    union all
    {{ count_events('conduct', ['placement_id'] + keys, 'end_month_idx', measures, {
        'n_closed': '1',
        'n_closed_in_time': "case when timeliness = 'in_time' then 1 else 0 end",
        'n_closed_late': "case when timeliness = 'late' then 1 else 0 end",
        'n_closed_no_due_date': "case when timeliness = 'no_due_date' then 1 else 0 end",
    }) }}
),

grouped as (
    {%- for finding in ['finding', "'*'"] %}
    {%- set last_finding = loop.last %}
    {%- for against_role in ['against_role', "'*'"] %}
    {%- set last_role = loop.last %}
    {%- for action_taken in ['action_taken', "'*'"] %}
    select
        placement_id,
        {{ finding }} as finding,
        {{ against_role }} as against_role,
        {{ action_taken }} as action_taken,
        {% for measure in measures %}
        {{ measure }},
        {% endfor %}
        month_idx
    from event
    {%- if not (last_finding and last_role and loop.last) %}
    union all
    {%- endif %}
    {%- endfor %}
    {%- endfor %}
    {%- endfor %}
)

select
    ancestor.unit_code,
    ancestor.unit_valid_from,
    period.period_id,
    grouped.finding,
    grouped.against_role,
    grouped.action_taken,
    cast(sum(grouped.n_received) as bigint) as n_received,
    cast(sum(grouped.n_closed) as bigint) as n_closed,
    cast(sum(grouped.n_closed_in_time) as bigint) as n_closed_in_time,
    cast(sum(grouped.n_closed_late) as bigint) as n_closed_late,
    cast(sum(grouped.n_closed_no_due_date) as bigint) as n_closed_no_due_date
from grouped
inner join {{ ref('int_unit_ancestor') }} as ancestor
    on grouped.placement_id = ancestor.placement_id
inner join {{ ref('int_period_month') }} as period
    on grouped.month_idx = period.month_idx
group by
    ancestor.unit_code,
    ancestor.unit_valid_from,
    period.period_id,
    grouped.finding,
    grouped.against_role,
    grouped.action_taken
