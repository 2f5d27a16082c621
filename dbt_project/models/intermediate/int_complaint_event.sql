{%- set measures = [
    'n_received', 'n_received_no_due_date', 'n_closed_in_time', 'n_closed_late', 'n_closed_no_due_date',
    'n_unplaced_no_end', 'n_unplaced_end_before_start', 'change_in_overdue', 'change_in_no_due_date',
    'n_closed_in_term', 'n_closed_past_term', 'n_published_in_term', 'n_published_past_term', 'change_in_past_term',
    'n_completion_in_term', 'n_completion_past_term',
] -%}
{%- set keys = ['placement_id', 'channel', 'class'] -%}
{%- set complaints = ref('int_complaint') -%}
{%- set timings = ref('int_complaint_timing') -%}

with event as (
    {{ count_events(complaints, keys, 'received_month_idx', measures, {
        'n_received': "case when flow_status = 'placed' then 1 else 0 end",
        'n_received_no_due_date': "case when flow_status = 'placed' and due_on is null then 1 else 0 end",
        'n_unplaced_no_end': "case when flow_status = 'unplaced_no_end' then 1 else 0 end",
        'n_unplaced_end_before_start': "case when flow_status = 'unplaced_end_before_start' then 1 else 0 end",
        'change_in_no_due_date': "case when no_due_date_from_month_idx is not null then 1 else 0 end",
    }) }}
    union all
    {{ count_events(complaints, keys, 'end_month_idx', measures, {
        'n_closed_in_time': "case when timeliness = 'in_time' then 1 else 0 end",
        'n_closed_late': "case when timeliness = 'late' then 1 else 0 end",
        'n_closed_no_due_date': "case when timeliness = 'no_due_date' then 1 else 0 end",
        'change_in_overdue': 'case when overdue_from_month_idx is not null then -1 else 0 end',
        'change_in_no_due_date': 'case when no_due_date_from_month_idx is not null then -1 else 0 end',
    }) }}
    union all
    {{ count_events(complaints, keys, 'overdue_from_month_idx', measures, {'change_in_overdue': '1'}) }}
    union all
    {{ count_events(timings, keys, 'end_month_idx', measures, {
        'n_closed_in_term': "case when due_on is null and term_timeliness = 'in_term' then 1 else 0 end",
        'n_closed_past_term': "case when due_on is null and term_timeliness = 'past_term' then 1 else 0 end",
        'n_published_in_term': "case when publication_timeliness = 'in_term' then 1 else 0 end",
        'n_published_past_term': "case when publication_timeliness = 'past_term' then 1 else 0 end",
        'change_in_past_term': 'case when past_term_from_month_idx is not null then -1 else 0 end',
    }) }}
    union all
    {{ count_events(timings, keys, 'completion_month_idx', measures, {
        'n_completion_in_term': "case when completion_timeliness = 'in_term' then 1 else 0 end",
        'n_completion_past_term': "case when completion_timeliness = 'past_term' then 1 else 0 end",
    }) }}
    union all
    {{ count_events(timings, keys, 'past_term_from_month_idx', measures, {'change_in_past_term': '1'}) }}
)

select
    placement_id,
    channel,
    class,
    {% for measure in measures %}
    cast(sum({{ measure }}) as bigint) as {{ measure }},
    {% endfor %}
    month_idx
from event
group by placement_id, channel, class, month_idx
