{%- set measures = [
    'n_received', 'n_received_online', 'n_received_direct', 'n_received_postal', 'n_received_other',
    'n_settled_early', 'n_settled_on_day', 'n_settled_late', 'n_settled_no_due_date', 'n_withdrawn',
    'n_unplaced_no_end', 'n_unplaced_end_before_start', 'n_unplaced_refused',
    'change_in_overdue', 'change_in_no_due_date', 'change_in_supplement',
    'n_late_settled', 'n_late_settled_apologised', 'change_in_late_pending', 'change_in_late_pending_apologised',
] -%}
{%- set keys = ['placement_id', 'procedure_field'] -%}
{%- set cases = ref('int_case') -%}
{%- set timings = ref('int_case_timing') -%}

with event as (
    {{ count_events(cases, keys, 'received_month_idx', measures, {
        'n_received': "case when flow_status = 'placed' then 1 else 0 end",
        'n_received_online': "case when flow_status = 'placed' and channel = 'online' then 1 else 0 end",
        'n_received_direct': "case when flow_status = 'placed' and channel = 'direct' then 1 else 0 end",
        'n_received_postal': "case when flow_status = 'placed' and channel = 'postal' then 1 else 0 end",
        'n_received_other': "case when flow_status = 'placed' and channel not in ('online', 'direct', 'postal') then 1 else 0 end",
        'n_unplaced_no_end': "case when flow_status = 'unplaced_no_end' then 1 else 0 end",
        'n_unplaced_end_before_start': "case when flow_status = 'unplaced_end_before_start' then 1 else 0 end",
        'n_unplaced_refused': "case when flow_status = 'unplaced_refused' then 1 else 0 end",
        'change_in_no_due_date': "case when no_due_date_from_month_idx is not null then 1 else 0 end",
    }) }}
    union all
    {{ count_events(cases, keys, 'end_month_idx', measures, {
        'n_settled_early': "case when timeliness = 'early' then 1 else 0 end",
        'n_settled_on_day': "case when timeliness = 'on_day' then 1 else 0 end",
        'n_settled_late': "case when timeliness = 'late' then 1 else 0 end",
        'n_settled_no_due_date': "case when timeliness = 'no_due_date' then 1 else 0 end",
        'n_withdrawn': "case when outcome = 'withdrawn' then 1 else 0 end",
    }) }}
    union all
    {{ count_events(cases, keys, 'overdue_from_month_idx', measures, {'change_in_overdue': '1'}) }}
    union all
    {{ count_events(cases, keys, 'waiting_month_idx', measures, {'change_in_supplement': '1'}) }}
    union all
    {{ count_events(cases, keys, 'left_month_idx', measures, {
        'change_in_overdue': 'case when overdue_from_month_idx is not null then -1 else 0 end',
        'change_in_no_due_date': 'case when no_due_date_from_month_idx is not null then -1 else 0 end',
    }, 'coalesce(overdue_from_month_idx, no_due_date_from_month_idx) is not null') }}
    union all
    {{ count_events(timings, keys, 'end_month_idx', measures, {
        'n_late_settled': 'is_settled_late',
        'n_late_settled_apologised': 'case when apologised_on is not null then is_settled_late else 0 end',
    }, 'is_settled_late = 1') }}
    union all
    {{ count_events(timings, keys, 'late_from_month_idx', measures, {'change_in_late_pending': '1'}) }}
    union all
    {{ count_events(timings, keys, 'late_apologised_from_month_idx', measures, {
        'change_in_late_pending_apologised': '1',
    }) }}
    union all
    {{ count_events(timings, keys, 'left_month_idx', measures, {
        'change_in_late_pending': '-1',
        'change_in_late_pending_apologised': 'case when late_apologised_from_month_idx is not null then -1 else 0 end',
    }, 'late_from_month_idx is not null') }}
)

select
    placement_id,
    procedure_field,
    {% for measure in measures %}
    cast(sum({{ measure }}) as bigint) as {{ measure }},
    {% endfor %}
    month_idx
from event
group by placement_id, procedure_field, month_idx
