select
    node.unit_code,
    node.unit_valid_from,
    node.period_id,
    node.instrument_code,
    node.node_code,
    node.node_level,
    node.n_forms,
    node.n_forms_answered,
    node.n_answers,
    node.n_satisfied,
    node.n_dont_know,
    node.n_forms * node.n_items - node.n_answers - node.n_dont_know as n_missing,
    {{ percent('node.n_satisfied', 'node.n_answers') }} as index_pct,
    cast(estimate.estimate_pct as double precision) as estimate_pct,
    cast(estimate.se_pct as double precision) as se_pct,
    cast(estimate.df as bigint) as df,
    cast(estimate.n_eff as double precision) as n_eff,
    cast(estimate.ci_low_pct as double precision) as ci_low_pct,
    cast(estimate.ci_high_pct as double precision) as ci_high_pct,
    estimate.method
from {{ ref('int_survey_node_sums') }} as node
left join {{ source('estimates', 'est_sipas_index') }} as estimate
    on
        node.unit_code = estimate.unit_code
        and node.unit_valid_from = estimate.unit_valid_from
        and node.period_id = estimate.period_id
        and node.instrument_code = estimate.instrument_code
        and node.node_code = estimate.node_code
        and node.breakdown = estimate.breakdown
        and node.breakdown_value = estimate.breakdown_value
where node.territory_basis = 'as_reported' and node.breakdown = '*'
