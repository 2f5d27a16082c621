{%- set measures = [
    'n_answers', 'n_satisfied', 'n_dont_know', 'n_forms_answered',
    'weight_answered', 'weighted_ss', 'weighted_sn', 'weighted_nn',
] -%}
{%- set parts = [
    'first_aa', 'first_ab', 'first_bb', 'single_aa', 'single_ab', 'single_bb', 'later_aa', 'later_ab', 'later_bb',
] -%}
{%- set cell = ['round_code', 'unit_code', 'unit_valid_from', 'node_id', 'breakdown', 'breakdown_value'] -%}

with unit_place_sums as (
    select
        place.round_code,
        ancestor.unit_code,
        ancestor.unit_valid_from,
        sums.node_id,
        sums.breakdown,
        sums.breakdown_value,
        sums.place_id,
        {% for measure in measures %}
        sum(sums.{{ measure }}) as {{ measure }},
        {% endfor %}
        sum(sums.a) as a,
        sum(sums.b) as b,
        sum(sums.aa) as aa,
        sum(sums.ab) as ab,
        sum(sums.bb) as bb
    from {{ ref('int_survey_round_place_sums') }} as sums
    inner join {{ ref('int_survey_round_place') }} as place
        on sums.place_id = place.place_id
    inner join {{ ref('int_unit_ancestor') }} as ancestor
        on sums.placement_id = ancestor.placement_id
    group by
        place.round_code, ancestor.unit_code, ancestor.unit_valid_from, sums.node_id, sums.breakdown,
        sums.breakdown_value, sums.place_id
),

variance as (
    {{ design_variance('unit_place_sums', ref('int_survey_round_place'), cell, measures) }}
),

broken_down as (
    select
        round_code,
        instrument_code,
        placement_id,
        {{ breakdown_columns() }},
        count(*) as n_forms
    from {{ ref('int_survey_round_form') }}
    group by {{ breakdown_sets(['round_code', 'instrument_code', 'placement_id']) }}
),

-- A question that no form of a round answers breaks nothing down.
answered as (
    select distinct
        round_code,
        breakdown
    from broken_down
    where breakdown_value <> '~'
),

unit_form as (
    select
        broken_down.round_code,
        broken_down.instrument_code,
        ancestor.unit_code,
        ancestor.unit_valid_from,
        broken_down.breakdown,
        broken_down.breakdown_value,
        sum(broken_down.n_forms) as n_forms
    from broken_down
    inner join answered
        on broken_down.round_code = answered.round_code and broken_down.breakdown = answered.breakdown
    inner join {{ ref('int_unit_ancestor') }} as ancestor
        on broken_down.placement_id = ancestor.placement_id
    group by
        broken_down.round_code, broken_down.instrument_code, ancestor.unit_code, ancestor.unit_valid_from,
        broken_down.breakdown, broken_down.breakdown_value
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
    unit_form.round_code,
    unit_form.unit_code,
    unit_form.unit_valid_from,
    unit_form.instrument_code,
    node.node_code,
    unit_form.breakdown,
    unit_form.breakdown_value,
    node.node_level,
    cast(node.n_items as bigint) as n_items,
    cast(unit_form.n_forms as bigint) as n_forms,
    cast(coalesce(variance.n_forms_answered, 0) as bigint) as n_forms_answered,
    cast(coalesce(variance.n_answers, 0) as bigint) as n_answers,
    cast(coalesce(variance.n_satisfied, 0) as bigint) as n_satisfied,
    cast(coalesce(variance.n_dont_know, 0) as bigint) as n_dont_know,
    {% for measure in ['a', 'b', 'weight_answered', 'weighted_ss', 'weighted_sn', 'weighted_nn'] %}
    cast(coalesce(variance.{{ measure }}, 0) as decimal(38, 4)) as {{ measure }},
    {% endfor %}
    {% for part in parts %}
    coalesce(variance.{{ part }}, 0) as {{ part }},
    {% endfor %}
    cast(coalesce(variance.n_strata, 0) as bigint) as n_strata,
    cast(coalesce(variance.n_psus, 0) as bigint) as n_psus,
    cast(coalesce(variance.n_single_first, 0) as bigint) as n_single_first,
    cast(coalesce(variance.n_single_later, 0) as bigint) as n_single_later
from unit_form
inner join node
    on unit_form.instrument_code = node.instrument_code
left join variance
    on
        unit_form.round_code = variance.round_code
        and unit_form.unit_code = variance.unit_code
        and unit_form.unit_valid_from = variance.unit_valid_from
        and unit_form.breakdown = variance.breakdown
        and unit_form.breakdown_value = variance.breakdown_value
        and node.node_id = variance.node_id
