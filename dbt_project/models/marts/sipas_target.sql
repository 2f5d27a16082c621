select
    node.unit_code,
    node.unit_valid_from,
    node.period_id,
    node.instrument_code,
    node.node_code,
    node.node_level,
    node.n_forms_answered,
    node.index_pct,
    cast(target.target_pct as double precision) as target_pct,
    case
        when node.n_parts = 1 and 100 * node.n_satisfied < target.target_pct * node.n_answers then 'yes'
        when node.n_parts > 1 and node.index_pct < cast(target.target_pct as double precision) - 0.000000001 then 'yes'
        else 'no'
    end as is_below,
    target.basis
from {{ ref('sipas_index') }} as node
inner join {{ ref('int_node_target') }} as target
    on
        node.unit_code = target.unit_code
        and node.unit_valid_from = target.unit_valid_from
        and node.period_id = target.period_id
        and node.instrument_code = target.instrument_code
        and node.node_code = target.node_code
where node.index_pct is not null
