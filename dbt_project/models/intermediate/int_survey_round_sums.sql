{%- set measures = [
    'n_answers', 'n_satisfied', 'n_dont_know', 'n_forms_answered',
    'weight_answered', 'weighted_ss', 'weighted_sn', 'weighted_nn',
] -%}
{%- set parts = [
    'first_aa', 'first_ab', 'first_bb', 'single_aa', 'single_ab', 'single_bb', 'later_aa', 'later_ab', 'later_bb',
] -%}
{%- set sums = measures + ['a', 'b', 'aa', 'ab', 'bb'] -%}

with unit as (
    select
        placement_id,
        unit_code,
        unit_valid_from,
        dense_rank() over (order by unit_code, unit_valid_from) as unit_id
    from {{ ref('int_unit_ancestor') }}
),

-- The forms of a cluster are mostly all in one placement. Its sums are then made once and counted in each unit above it
-- when they are ready (scope = placement); where they are not, each unit has sums of its own (scope = - unit).
cluster as (
    select
        round_code,
        coalesce(stratum, '') as stratum,
        psu,
        count(distinct placement_id) as n_placements
    from {{ ref('int_survey_round_form') }}
    where psu is not null
    group by round_code, coalesce(stratum, ''), psu
),

place as (
    select
        place.place_id,
        case when cluster.n_placements = 1 then 1 else 0 end as is_in_one_placement
    from {{ ref('int_survey_round_place') }} as place
    left join cluster
        on
            place.round_code = cluster.round_code
            and coalesce(place.stratum, '') = cluster.stratum
            and place.psu = cluster.psu
),

scope_sums as (
    select
        sums.placement_id as scope,
        sums.node_id,
        coalesce(sums.group_id, -1) as group_id,
        {% for measure in sums %}
        sums.{{ measure }},
        {% endfor %}
        sums.place_id
    from {{ ref('int_survey_round_place_sums') }} as sums
    inner join place
        on sums.place_id = place.place_id
    where place.is_in_one_placement = 1 and coalesce(sums.group_id, -1) <> 0
    union all
    select
        -unit.unit_id as scope,
        sums.node_id,
        coalesce(sums.group_id, -1) as group_id,
        {% for measure in sums %}
        sum(sums.{{ measure }}) as {{ measure }},
        {% endfor %}
        sums.place_id
    from {{ ref('int_survey_round_place_sums') }} as sums
    inner join place
        on sums.place_id = place.place_id
    inner join unit
        on sums.placement_id = unit.placement_id
    where place.is_in_one_placement = 0 and coalesce(sums.group_id, -1) <> 0
    group by unit.unit_id, sums.node_id, coalesce(sums.group_id, -1), sums.place_id
),

scope_unit as (
    select
        placement_id as scope,
        unit_id
    from unit
    union all
    select distinct
        -unit_id as scope,
        unit_id
    from unit
),

variance as (
    {{ design_variance('scope_sums', ref('int_survey_round_place'), ['scope', 'node_id', 'group_id'], measures,
        spread=('scope_unit', 'scope', 'unit_id')) }}
),

form_group as (
    select
        round_code,
        placement_id,
        {{ breakdown_columns() }},
        count(*) as n_forms
    from {{ ref('int_survey_round_form') }}
    group by {{ breakdown_sets(['round_code', 'placement_id']) }}
),

unit_form as (
    select
        form_group.round_code,
        unit.unit_id,
        unit.unit_code,
        unit.unit_valid_from,
        form_group.breakdown,
        form_group.breakdown_value,
        case when form_group.breakdown = '*' then -1 else respondents.group_id end as group_id,
        sum(form_group.n_forms) as n_forms
    from form_group
    inner join {{ ref('int_survey_round_group') }} as respondents
        on
            form_group.round_code = respondents.round_code
            and form_group.breakdown = respondents.breakdown
            and form_group.breakdown_value = respondents.breakdown_value
    inner join unit
        on form_group.placement_id = unit.placement_id
    group by
        form_group.round_code, unit.unit_id, unit.unit_code, unit.unit_valid_from, form_group.breakdown,
        form_group.breakdown_value, respondents.group_id
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
    survey_round.instrument_code,
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
inner join {{ ref('stg_survey_round') }} as survey_round
    on unit_form.round_code = survey_round.code
inner join node
    on survey_round.instrument_code = node.instrument_code
left join variance
    on
        unit_form.round_code = variance.round_code
        and unit_form.unit_id = variance.unit_id
        and unit_form.group_id = variance.group_id
        and node.node_id = variance.node_id
