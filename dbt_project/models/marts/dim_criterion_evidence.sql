select
    instrument_code,
    node_code,
    kind,
    coalesce(complaint_class, '*') as complaint_class,
    coalesce(complaint_topic, '*') as complaint_topic,
    note
from {{ ref('stg_criterion_evidence') }}
