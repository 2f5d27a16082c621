select
    evidence.unit_code,
    evidence.unit_valid_from,
    evidence.period_id,
    evidence.instrument_code,
    evidence.node_code,
    evidence.kind,
    evidence.class,
    evidence.topic,
    evidence.n_records
from {{ ref('int_criterion_evidence') }} as evidence
inner join {{ ref('improvement_plan') }} as plan
    on
        evidence.unit_code = plan.unit_code
        and evidence.unit_valid_from = plan.unit_valid_from
        and evidence.period_id = plan.period_id
        and evidence.instrument_code = plan.instrument_code
        and evidence.node_code = plan.node_code
