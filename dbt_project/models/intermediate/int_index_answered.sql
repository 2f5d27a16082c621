with averaged_node as (
    select distinct
        instrument_code,
        node_code,
        part_code
    from {{ ref('int_node_item') }}
    where part_code <> node_code
),

answered as (
    select
        'period' as basis,
        period_id as edition_id,
        unit_code,
        unit_valid_from,
        instrument_code,
        node_code,
        node_level
    from {{ ref('int_survey_node_sums') }}
    where territory_basis = 'as_reported' and breakdown = '*' and n_answers > 0
    union all
    select
        'round' as basis,
        round_code as edition_id,
        unit_code,
        unit_valid_from,
        instrument_code,
        node_code,
        node_level
    from {{ ref('int_survey_round_sums') }}
    where breakdown = '*' and n_answers > 0
),

part as (
    select
        answered.basis,
        answered.edition_id,
        answered.unit_code,
        answered.unit_valid_from,
        answered.instrument_code,
        averaged_node.node_code,
        count(*) as n_parts
    from answered
    inner join averaged_node
        on answered.instrument_code = averaged_node.instrument_code and answered.node_code = averaged_node.part_code
    group by
        answered.basis, answered.edition_id, answered.unit_code, answered.unit_valid_from, answered.instrument_code,
        averaged_node.node_code
)

select
    answered.basis,
    answered.edition_id,
    answered.unit_code,
    answered.unit_valid_from,
    answered.instrument_code,
    answered.node_code,
    answered.node_level,
    -- A mean of several parts has no estimate.
    cast(case when coalesce(part.n_parts, 1) = 1 then 1 else 0 end as bigint) as is_pooled
from answered
left join part
    on
        answered.basis = part.basis
        and answered.edition_id = part.edition_id
        and answered.unit_code = part.unit_code
        and answered.unit_valid_from = part.unit_valid_from
        and answered.instrument_code = part.instrument_code
        and answered.node_code = part.node_code
