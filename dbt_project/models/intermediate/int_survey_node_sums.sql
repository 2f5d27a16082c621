{%- set sums = [
    'n_answers', 'n_satisfied', 'n_dont_know', 'n_forms_answered',
    'sum_satisfied_squared', 'sum_satisfied_answers', 'sum_answers_squared',
] -%}
{#- Split units leave a part of these behind, a number with decimals. -#}
{%- set allocated = ['n_answers', 'n_satisfied', 'n_dont_know', 'n_forms_answered'] -%}

with place as (
    select
        'as_reported' as territory_basis,
        placement_id,
        unit_code,
        unit_valid_from,
        cast(1 as decimal(18, 6)) as share
    from {{ ref('int_unit_ancestor') }}
    union all
    select
        'as_now' as territory_basis,
        placement_id,
        unit_code,
        unit_valid_from,
        share
    from {{ ref('int_unit_now') }}
),

form_period as (
    select
        place.territory_basis,
        place.unit_code,
        place.unit_valid_from,
        period.period_id,
        form_month.instrument_code,
        form_month.breakdown,
        form_month.breakdown_value,
        sum(case when place.share = 1 then form_month.n_forms else 0 end) as n_forms,
        sum(case when place.share < 1 then place.share * form_month.n_forms else 0 end) as n_forms_allocated
    from {{ ref('int_survey_form_month') }} as form_month
    inner join place
        on form_month.placement_id = place.placement_id
    inner join {{ ref('int_period_month') }} as period
        on form_month.month_idx = period.month_idx
    group by
        place.territory_basis, place.unit_code, place.unit_valid_from, period.period_id, form_month.instrument_code,
        form_month.breakdown, form_month.breakdown_value
),

node_period as (
    select
        place.territory_basis,
        place.unit_code,
        place.unit_valid_from,
        period.period_id,
        node_month.node_id,
        node_month.breakdown,
        {% for measure in sums %}
        sum(case when place.share = 1 then node_month.{{ measure }} else 0 end) as {{ measure }},
        {% endfor %}
        {% for measure in allocated %}
        sum(case when place.share < 1 then place.share * node_month.{{ measure }} else 0 end)
            as {{ measure }}_allocated,
        {% endfor %}
        node_month.breakdown_value
    from {{ ref('int_survey_node_month') }} as node_month
    inner join place
        on node_month.placement_id = place.placement_id
    inner join {{ ref('int_period_month') }} as period
        on node_month.month_idx = period.month_idx
    group by
        place.territory_basis, place.unit_code, place.unit_valid_from, period.period_id, node_month.node_id,
        node_month.breakdown, node_month.breakdown_value
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
    form_period.territory_basis,
    form_period.unit_code,
    form_period.unit_valid_from,
    form_period.period_id,
    form_period.instrument_code,
    node.node_code,
    form_period.breakdown,
    form_period.breakdown_value,
    node.node_level,
    cast(node.n_items as bigint) as n_items,
    {% for measure in sums %}
    cast(coalesce(node_period.{{ measure }}, 0) as bigint) as {{ measure }},
    {% endfor %}
    {% for measure in allocated %}
    cast(coalesce(node_period.{{ measure }}_allocated, 0) as decimal(18, 6)) as {{ measure }}_allocated,
    {% endfor %}
    cast(form_period.n_forms as bigint) as n_forms,
    cast(drawn.n_forms as bigint) as n_forms_drawn,
    cast(form_period.n_forms_allocated as decimal(18, 6)) as n_forms_allocated
from form_period
inner join form_period as drawn
    on
        form_period.territory_basis = drawn.territory_basis
        and form_period.unit_code = drawn.unit_code
        and form_period.unit_valid_from = drawn.unit_valid_from
        and form_period.period_id = drawn.period_id
        and form_period.instrument_code = drawn.instrument_code
        and drawn.breakdown = '*'
inner join node
    on form_period.instrument_code = node.instrument_code
left join node_period
    on
        form_period.territory_basis = node_period.territory_basis
        and form_period.unit_code = node_period.unit_code
        and form_period.unit_valid_from = node_period.unit_valid_from
        and form_period.period_id = node_period.period_id
        and form_period.breakdown = node_period.breakdown
        and form_period.breakdown_value = node_period.breakdown_value
        and node.node_id = node_period.node_id
