select
    evidence.instrument_code,
    evidence.node_code,
    evidence.kind,
    coalesce(evidence.complaint_class, '*') as complaint_class,
    coalesce(evidence.complaint_topic, '*') as complaint_topic,
    evidence.note
from {{ ref('stg_criterion_evidence') }} as evidence
-- An office that changes an instrument may drop a node that the shipped table names.
inner join {{ ref('dim_instrument_item') }} as item
    on evidence.instrument_code = item.instrument_code and evidence.node_code = item.node_code
