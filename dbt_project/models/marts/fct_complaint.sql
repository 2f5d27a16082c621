select
    present.complaint_id,
    present.input_id,
    present.sheet,
    present.line,
    present.source,
    present.unit_code,
    present.unit_valid_from,
    present.unit_status,
    present.month_id,
    present.channel,
    present.class,
    present.topic,
    present.state,
    present.deadline_precision,
    present.received_at,
    present.received_on,
    present.due_at,
    present.due_on,
    present.closed_at,
    present.closed_on,
    present.flow_status,
    present.timeliness,
    timing.forwarded_on,
    timing.completion_requested_on,
    timing.published_on,
    timing.finding,
    timing.against_role,
    timing.action_taken,
    timing.working_days,
    timing.term_on,
    timing.term_timeliness,
    timing.completion_timeliness,
    timing.publication_timeliness,
    about.record_number as case_id,
    stated.likes,
    stated.dislikes,
    stated.recomplained
from {{ ref('int_complaint') }} as present
inner join {{ ref('int_complaint_timing') }} as timing
    on present.complaint_id = timing.complaint_id
inner join {{ ref('stg_complaint') }} as stated
    on present.complaint_id = stated.record_number
left join {{ ref('stg_case') }} as about
    on stated.case_key = about.record_key
