{%- set sums = [
    'n_answers', 'n_satisfied', 'n_dont_know', 'n_forms_answered',
    'sum_satisfied_squared', 'sum_satisfied_answers', 'sum_answers_squared',
] -%}

with form_month as (
    select
        placement_id,
        month_idx,
        instrument_code,
        count(*) as n_forms
    from {{ ref('int_survey_response') }}
    group by placement_id, month_idx, instrument_code
),

form_period as (
    select
        ancestor.unit_code,
        ancestor.unit_valid_from,
        period.period_id,
        form_month.instrument_code,
        sum(form_month.n_forms) as n_forms
    from form_month
    inner join {{ ref('int_unit_ancestor') }} as ancestor
        on form_month.placement_id = ancestor.placement_id
    inner join {{ ref('int_period_month') }} as period
        on form_month.month_idx = period.month_idx
    group by ancestor.unit_code, ancestor.unit_valid_from, period.period_id, form_month.instrument_code
),

node_period as (
    select
        ancestor.unit_code,
        ancestor.unit_valid_from,
        period.period_id,
        {% for measure in sums %}
        sum(node_month.{{ measure }}) as {{ measure }},
        {% endfor %}
        node_month.node_id
    from {{ ref('int_survey_node_month') }} as node_month
    inner join {{ ref('int_unit_ancestor') }} as ancestor
        on node_month.placement_id = ancestor.placement_id
    inner join {{ ref('int_period_month') }} as period
        on node_month.month_idx = period.month_idx
    group by ancestor.unit_code, ancestor.unit_valid_from, period.period_id, node_month.node_id
),

node as (
    select
        node_id,
        instrument_code,
        node_code,
        node_level,
        count(*) as n_items
    from {{ ref('int_node_item') }}
    group by node_id, instrument_code, node_code, node_level
)

select
    form_period.unit_code,
    form_period.unit_valid_from,
    form_period.period_id,
    form_period.instrument_code,
    node.node_code,
    node.node_level,
    cast(node.n_items as bigint) as n_items,
    {% for measure in sums %}
    cast(coalesce(node_period.{{ measure }}, 0) as bigint) as {{ measure }},
    {% endfor %}
    cast(form_period.n_forms as bigint) as n_forms
from form_period
inner join node
    on form_period.instrument_code = node.instrument_code
left join node_period
    on
        form_period.unit_code = node_period.unit_code
        and form_period.unit_valid_from = node_period.unit_valid_from
        and form_period.period_id = node_period.period_id
        and node.node_id = node_period.node_id
