select
    instrument_code,
    node_code,
    kind,
    complaint_class,
    complaint_topic,
    note
from {{ source('landing', 'criterion_evidence') }}
