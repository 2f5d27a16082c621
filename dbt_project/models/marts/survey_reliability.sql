with part_period as (
    select
        ancestor.unit_code,
        ancestor.unit_valid_from,
        period.period_id,
        month.node_id,
        month.item_id,
        sum(month.n_forms) as n_forms,
        sum(month.sum_score) as sum_score,
        sum(month.sum_score_squared) as sum_score_squared
    from {{ ref('int_survey_score_month') }} as month
    inner join {{ ref('int_unit_ancestor') }} as ancestor
        on month.placement_id = ancestor.placement_id
    inner join {{ ref('int_period_month') }} as period
        on month.month_idx = period.month_idx
    group by ancestor.unit_code, ancestor.unit_valid_from, period.period_id, month.node_id, month.item_id
),

-- n * sum of squares - square of the sum is n * (n - 1) times the variance, and a whole number: a variance of 0 is 0.
spread as (
    select
        unit_code,
        unit_valid_from,
        period_id,
        node_id,
        max(n_forms) as n_forms_complete,
        sum(case when item_id = 0 then n_forms * sum_score_squared - sum_score * sum_score else 0 end)
            as total_spread,
        sum(case when item_id = 0 then 0 else n_forms * sum_score_squared - sum_score * sum_score end)
            as item_spread
    from part_period
    group by unit_code, unit_valid_from, period_id, node_id
),

node as (
    select
        node_id,
        instrument_code,
        node_code,
        cast(count(*) as bigint) as n_items
    from {{ ref('int_node_item') }}
    group by node_id, instrument_code, node_code
),

counted as (
    select
        sipas.unit_code,
        sipas.unit_valid_from,
        sipas.period_id,
        sipas.instrument_code,
        sipas.node_code,
        sipas.node_level,
        node.n_items,
        sipas.n_forms,
        sipas.n_forms * node.n_items as n_asked,
        sipas.n_missing,
        sipas.n_dont_know,
        cast(case when node.n_items = 1 then sipas.n_answers else coalesce(spread.n_forms_complete, 0) end as bigint)
            as n_forms_complete,
        spread.total_spread,
        spread.item_spread
    from {{ ref('sipas_index') }} as sipas
    inner join node
        on sipas.instrument_code = node.instrument_code and sipas.node_code = node.node_code
    left join spread
        on
            sipas.unit_code = spread.unit_code
            and sipas.unit_valid_from = spread.unit_valid_from
            and sipas.period_id = spread.period_id
            and node.node_id = spread.node_id
),

judged as (
    select
        unit_code,
        unit_valid_from,
        period_id,
        instrument_code,
        node_code,
        node_level,
        n_items,
        n_forms,
        n_asked,
        n_missing,
        n_dont_know,
        n_forms_complete,
        total_spread,
        item_spread,
        case
            when n_items = 1 then 'one_item'
            when n_forms_complete < {{ alpha_least_forms() }} then 'too_few_forms'
            when total_spread = 0 then 'no_variance'
        end as alpha_missing_reason
    from counted
)

select
    unit_code,
    unit_valid_from,
    period_id,
    instrument_code,
    node_code,
    node_level,
    n_items,
    n_forms,
    n_asked,
    n_missing,
    {{ percent('n_missing', 'n_asked') }} as missing_pct,
    n_dont_know,
    {{ percent('n_dont_know', 'n_asked') }} as dont_know_pct,
    n_forms_complete,
    n_forms - n_forms_complete as n_forms_incomplete,
    case
        when alpha_missing_reason is null
            then {{ percent('n_items * (total_spread - item_spread)', '((n_items - 1) * total_spread)') }} / 100
    end as alpha,
    alpha_missing_reason
from judged
