-- A mean of several parts has no interval: the estimates are of the pooled share.
with averaged_node as (
    select distinct
        instrument_code,
        node_code,
        part_code
    from {{ ref('int_node_item') }}
    where part_code <> node_code
),

mean_of_parts as (
    select
        part.round_code,
        part.unit_code,
        part.unit_valid_from,
        averaged_node.node_code,
        part.breakdown,
        part.breakdown_value,
        avg(cast({{ percent('part.n_satisfied', 'part.n_answers') }} as decimal(18, 10))) as index_pct,
        cast(sum(case when part.n_answers > 0 then 1 else 0 end) as bigint) as n_parts
    from {{ ref('int_survey_round_sums') }} as part
    inner join averaged_node
        on part.instrument_code = averaged_node.instrument_code and part.node_code = averaged_node.part_code
    group by
        part.round_code, part.unit_code, part.unit_valid_from, averaged_node.node_code, part.breakdown,
        part.breakdown_value
)

select
    node.round_code,
    node.unit_code,
    node.unit_valid_from,
    node.instrument_code,
    node.node_code,
    node.node_level,
    node.breakdown,
    node.breakdown_value,
    node.n_forms,
    node.n_forms_answered,
    node.n_answers,
    node.n_satisfied,
    node.n_dont_know,
    node.n_forms * node.n_items - node.n_answers - node.n_dont_know as n_missing,
    coalesce(mean_of_parts.n_parts, 1) as n_parts,
    case
        when mean_of_parts.node_code is null then {{ percent('node.n_satisfied', 'node.n_answers') }}
        else cast(mean_of_parts.index_pct as double precision)
    end as index_pct,
    cast(estimate.estimate_pct as double precision) as estimate_pct,
    cast(estimate.se_pct as double precision) as se_pct,
    cast(estimate.df as bigint) as df,
    cast(estimate.deff as double precision) as deff,
    cast(estimate.n_eff as double precision) as n_eff,
    cast(estimate.ci_low_pct as double precision) as ci_low_pct,
    cast(estimate.ci_high_pct as double precision) as ci_high_pct,
    case when survey_round.is_probability_sample = 1 then estimate.presentation end as presentation,
    case when survey_round.is_probability_sample = 1 then estimate.presentation_reason end as presentation_reason,
    estimate.method
from {{ ref('int_survey_round_sums') }} as node
inner join {{ ref('dim_survey_round') }} as survey_round
    on node.round_code = survey_round.round_code
left join mean_of_parts
    on
        node.round_code = mean_of_parts.round_code
        and node.unit_code = mean_of_parts.unit_code
        and node.unit_valid_from = mean_of_parts.unit_valid_from
        and node.node_code = mean_of_parts.node_code
        and node.breakdown = mean_of_parts.breakdown
        and node.breakdown_value = mean_of_parts.breakdown_value
left join {{ source('estimates', 'est_sipas_round') }} as estimate
    on
        node.round_code = estimate.round_code
        and node.unit_code = estimate.unit_code
        and node.unit_valid_from = estimate.unit_valid_from
        and node.node_code = estimate.node_code
        and node.breakdown = estimate.breakdown
        and node.breakdown_value = estimate.breakdown_value
        and coalesce(mean_of_parts.n_parts, 1) = 1
