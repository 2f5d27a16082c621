{%- set whole = ['content_hash'] -%}
{%- set datasets = {
    'activity': {
        'begins': 'landed.planned_on',
        'ends': 'greatest(landed.planned_on, coalesce(landed.held_on, landed.planned_on))',
        'known': ['kind', 'planned_on', 'participants'],
        'happened': [('held_on', 'held_on')],
    },
    'agency_evaluation': {'begins': 'landed.evaluated_on', 'ends': 'landed.evaluated_on', 'known': whole, 'hashed': true},
    'case': {
        'begins': 'landed.received_on',
        'ends': "case when landed.state in ('settled', 'returned', 'withdrawn') then greatest(coalesce(landed.settled_on, landed.received_on), landed.received_on) when landed.state in ('registered', 'rejected') then landed.received_on end",
        'known': [
            'procedure_code', 'procedure_field', 'channel', 'received_at', 'due_at', 'due_original_at', 'online_level',
            'components_digitised', 'result_digitised', 'data_reused', 'fee_required', 'paid_online', 'result_electronic',
        ],
        'happened': [
            ('settled_on', 'settled_at'), ('supplement_requested_on', 'supplement_requested_at'),
            ('apologised_on', 'apologised_on'),
        ],
        'state': "case when landed.state = 'returned' then 'settled' else landed.state end",
    },
    'case_evaluation': {
        'begins': 'landed.evaluated_on', 'ends': 'landed.evaluated_on', 'known': whole, 'hashed': true,
        'unit': 'coalesce(landed.unit_code, stated.unit_code)',
    },
    'case_step': {
        'begins': 'landed.started_on',
        'ends': 'stated.settled_on',
        'known': ['kind', 'agency', 'started_at', 'due_at', 'due_before_at', 'case_key'],
        'happened': [('ended_on', 'ended_at')],
        'unit': 'coalesce(stated.unit_code, landed.unit_code)',
    },
    'complaint': {
        'begins': 'landed.received_on',
        'ends': "case when landed.state in ('done', 'refused') then greatest(coalesce(landed.closed_on, landed.received_on), landed.received_on) end",
        'known': ['channel', 'class', 'topic', 'received_at', 'due_at', 'case_key'],
        'happened': [('closed_on', 'closed_at'), ('forwarded_on', 'forwarded_at'), ('published_on', 'published_at')],
        'state': 'landed.state',
    },
    'survey_response': {'begins': 'landed.responded_on', 'ends': 'landed.responded_on', 'known': whole, 'hashed': true},
} -%}

with waiting as (
    {%- for dataset, what in datasets.items() %}
    select
        '{{ dataset }}' as dataset,
        record.unit_code,
        record.period_id,
        record.newest_input,
        record.input_now,
        record.input_then,
        record.is_changed
    from ({{ waiting_records(dataset, **what) }}) as record
    where record.input_now is null or record.input_then is null or record.is_changed = 1
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

-- A record that is gone is counted with the snapshot that came in the place of the one that had it.
newest_of_scope as (
    select
        was.input_id,
        max(now_there.input_id) as replaced_by
    from {{ ref('stg_input') }} as was
    inner join {{ ref('stg_input') }} as now_there
        on
            was.source = now_there.source
            and coalesce(was.scope_id, '') = coalesce(now_there.scope_id, '')
            and was.delivery_kind = 'snapshot'
            and now_there.delivery_kind = 'snapshot'
    where now_there.is_current = 1
    group by was.input_id
)

select
    waiting.unit_code,
    waiting.period_id,
    waiting.dataset,
    coalesce(waiting.newest_input, newest_of_scope.replaced_by, waiting.input_then) as input_id,
    cast(sum(case when waiting.input_then is null then 1 else 0 end) as bigint) as n_new,
    cast(sum(case when waiting.input_now is null then 0 when waiting.input_then is null then 0 else 1 end) as bigint)
        as n_changed,
    cast(sum(case when waiting.input_now is null then 1 else 0 end) as bigint) as n_gone
from waiting
left join newest_of_scope
    on waiting.input_then = newest_of_scope.input_id
group by
    waiting.unit_code,
    waiting.period_id,
    waiting.dataset,
    coalesce(waiting.newest_input, newest_of_scope.replaced_by, waiting.input_then)
