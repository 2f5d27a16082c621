-- The index of a node that averages its parts instead of pooling their answers; parts without an answer are left out.
with averaged_node as (
    select distinct
        instrument_code,
        node_code,
        part_code
    from {{ ref('int_node_item') }}
    where part_code <> node_code
)

select
    part.territory_basis,
    part.unit_code,
    part.unit_valid_from,
    part.period_id,
    part.instrument_code,
    averaged_node.node_code,
    part.breakdown,
    part.breakdown_value,
    avg({{ percent('(part.n_satisfied + part.n_satisfied_allocated)', '(part.n_answers + part.n_answers_allocated)') }})
        as index_pct,
    cast(sum(case when part.n_answers + part.n_answers_allocated > 0 then 1 else 0 end) as bigint) as n_parts
from {{ ref('int_survey_node_sums') }} as part
inner join averaged_node
    on part.instrument_code = averaged_node.instrument_code and part.node_code = averaged_node.part_code
group by
    part.territory_basis, part.unit_code, part.unit_valid_from, part.period_id, part.instrument_code,
    averaged_node.node_code, part.breakdown, part.breakdown_value
