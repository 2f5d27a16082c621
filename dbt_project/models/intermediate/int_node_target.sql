-- Of several targets, the one of the unit goes before that of its level and that before one for all; then the one of
-- the nearest node, of the instrument, and the last to begin. One without a node holds for every node.
with candidate as (
    select
        node.unit_code,
        node.unit_valid_from,
        node.period_id,
        node.instrument_code,
        node.node_code,
        target.target_pct,
        target.basis,
        row_number() over (
            partition by
                node.unit_code, node.unit_valid_from, node.period_id, node.instrument_code,
                node.node_code
            order by
                case when target.unit_code is not null then 0 when target.unit_level is not null then 1 else 2 end,
                coalesce(above.step, 4),
                case when target.instrument_code is not null then 0 else 1 end,
                target.first_on desc,
                target.target_pct desc
        ) as choice
    from {{ ref('int_survey_node_sums') }} as node
    inner join {{ ref('dim_reporting_period') }} as period
        on node.period_id = period.period_id
    inner join {{ ref('dim_admin_unit') }} as unit
        on node.unit_code = unit.unit_code and node.unit_valid_from = unit.unit_valid_from
    inner join {{ ref('stg_target') }} as target
        on
            period.ends_on between target.first_on and coalesce(target.last_on, cast('9999-12-31' as date))
            and coalesce(target.unit_code, node.unit_code) = node.unit_code
            and coalesce(target.unit_level, unit.unit_level) = unit.unit_level
            and coalesce(target.instrument_code, node.instrument_code) = node.instrument_code
    left join {{ ref('int_node_above') }} as above
        on
            node.instrument_code = above.instrument_code
            and node.node_code = above.node_code
            and target.node_code = above.above_code
    where
        node.territory_basis = 'as_reported'
        and node.breakdown = '*'
        and node.n_answers > 0
        and (target.node_code is null or above.above_code is not null)
)

select
    unit_code,
    unit_valid_from,
    period_id,
    instrument_code,
    node_code,
    target_pct,
    basis
from candidate
where choice = 1
