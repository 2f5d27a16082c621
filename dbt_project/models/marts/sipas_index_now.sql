with total as (
    select
        territory_basis,
        unit_code,
        unit_valid_from,
        period_id,
        instrument_code,
        node_code,
        node_level,
        breakdown,
        breakdown_value,
        cast(n_forms + n_forms_allocated as decimal(18, 6)) as n_forms,
        n_forms_allocated,
        cast(n_forms_answered + n_forms_answered_allocated as decimal(18, 6)) as n_forms_answered,
        n_forms_answered_allocated,
        cast(n_answers + n_answers_allocated as decimal(18, 6)) as n_answers,
        n_answers_allocated,
        cast(n_satisfied + n_satisfied_allocated as decimal(18, 6)) as n_satisfied,
        n_satisfied_allocated,
        cast(n_dont_know + n_dont_know_allocated as decimal(18, 6)) as n_dont_know,
        n_items
    from {{ ref('int_survey_node_sums') }}
    where territory_basis = 'as_now'
)

select
    node.unit_code,
    node.unit_valid_from,
    node.period_id,
    node.instrument_code,
    node.node_code,
    node.node_level,
    node.n_forms,
    node.n_forms_allocated,
    node.n_forms_answered,
    node.n_forms_answered_allocated,
    node.n_answers,
    node.n_answers_allocated,
    node.n_satisfied,
    node.n_satisfied_allocated,
    node.n_dont_know,
    cast(node.n_forms * node.n_items - node.n_answers - node.n_dont_know as decimal(18, 6)) as n_missing,
    coalesce(mean_of_parts.n_parts, 1) as n_parts,
    case
        when mean_of_parts.node_code is null then {{ percent('node.n_satisfied', 'node.n_answers') }}
        else mean_of_parts.index_pct
    end as index_pct
from total as node
left join {{ ref('int_survey_mean_of_parts') }} as mean_of_parts
    on
        node.territory_basis = mean_of_parts.territory_basis
        and node.unit_code = mean_of_parts.unit_code
        and node.unit_valid_from = mean_of_parts.unit_valid_from
        and node.period_id = mean_of_parts.period_id
        and node.instrument_code = mean_of_parts.instrument_code
        and node.node_code = mean_of_parts.node_code
        and node.breakdown = mean_of_parts.breakdown
        and node.breakdown_value = mean_of_parts.breakdown_value
