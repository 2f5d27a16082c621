{#
    The index per unit of the day, reporting period, instrument and node, of all forms or broken down by what they say of
    their respondents. A mean of several parts has no interval: the estimates are of the pooled share.
#}
{% macro index_as_reported(broken_down) %}
select
    node.unit_code,
    node.unit_valid_from,
    node.period_id,
    node.instrument_code,
    node.node_code,
    node.node_level,
    {% if broken_down %}
    node.breakdown,
    node.breakdown_value,
    {% endif %}
    node.n_forms,
    node.n_forms_answered,
    node.n_answers,
    node.n_satisfied,
    node.n_dont_know,
    node.n_forms * node.n_items - node.n_answers - node.n_dont_know as n_missing,
    coalesce(mean_of_parts.n_parts, 1) as n_parts,
    case
        when mean_of_parts.node_code is null then {{ percent('node.n_satisfied', 'node.n_answers') }}
        else mean_of_parts.index_pct
    end as index_pct,
    cast(estimate.estimate_pct as double precision) as estimate_pct,
    cast(estimate.se_pct as double precision) as se_pct,
    cast(estimate.df as bigint) as df,
    cast(estimate.n_eff as double precision) as n_eff,
    cast(estimate.ci_low_pct as double precision) as ci_low_pct,
    cast(estimate.ci_high_pct as double precision) as ci_high_pct,
    estimate.method
from {{ ref('int_survey_node_sums') }} as node
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
left join {{ source('estimates', 'est_sipas_index') }} as estimate
    on
        node.unit_code = estimate.unit_code
        and node.unit_valid_from = estimate.unit_valid_from
        and node.period_id = estimate.period_id
        and node.instrument_code = estimate.instrument_code
        and node.node_code = estimate.node_code
        and node.breakdown = estimate.breakdown
        and node.breakdown_value = estimate.breakdown_value
        and coalesce(mean_of_parts.n_parts, 1) = 1
where node.territory_basis = 'as_reported' and node.breakdown {{ '<>' if broken_down else '=' }} '*'
{% endmacro %}

{# The same in the units of now, in which forms of split units count in shares; without estimates. #}
{% macro index_as_now(broken_down) %}
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
    where territory_basis = 'as_now' and breakdown {{ '<>' if broken_down else '=' }} '*'
)

select
    node.unit_code,
    node.unit_valid_from,
    node.period_id,
    node.instrument_code,
    node.node_code,
    node.node_level,
    {% if broken_down %}
    node.breakdown,
    node.breakdown_value,
    {% endif %}
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
{% endmacro %}
