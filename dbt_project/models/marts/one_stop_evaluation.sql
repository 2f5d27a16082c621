{%- set indices = ['1', '2', '3', '4', '5', '6', '7', '8', '9'] -%}
{%- set levels = ['very_satisfied', 'satisfied', 'dissatisfied'] -%}
{%- set n_overall = '(totalled.n_very_satisfied + totalled.n_satisfied + totalled.n_dissatisfied)' -%}

with index_row as (
    select
        unit_code,
        unit_valid_from,
        period_id,
        weighting,
        {% for index_code in indices %}
        -- Means have two decimals: as whole hundredths their sums and comparisons are exact.
        max(case when index_code = '{{ index_code }}' then cast(round(mean_points * 100) as bigint) end)
            as index_{{ index_code }},
        {% endfor %}
        count(mean_points) as n_indices,
        count(*) as n_indices_all,
        sum(cast(round(mean_points * 100) as bigint)) as hundredths,
        max(n_units) as n_units
    from {{ ref('one_stop_index') }}
    group by unit_code, unit_valid_from, period_id, weighting
),

form_total as (
    select
        ancestor.unit_code,
        ancestor.unit_valid_from,
        period.period_id,
        {% for level in levels %}
        sum(case when form.overall = '{{ level }}' then 1 else 0 end) as n_{{ level }},
        {% endfor %}
        count(*) as n_forms
    from {{ ref('int_case_evaluation') }} as form
    inner join {{ ref('int_one_stop_quarter') }} as period
        on form.month_idx = period.month_idx
    inner join {{ ref('int_unit_ancestor') }} as ancestor
        on form.placement_id = ancestor.placement_id
    group by ancestor.unit_code, ancestor.unit_valid_from, period.period_id
),

totalled as (
    select
        index_row.unit_code,
        index_row.unit_valid_from,
        index_row.period_id,
        index_row.weighting,
        {% for index_code in indices %}
        index_row.index_{{ index_code }},
        {% endfor %}
        index_row.n_indices,
        index_row.hundredths,
        index_row.n_units,
        unit.unit_level,
        unit.parent_code,
        {% for level in levels %}
        cast(coalesce(form_total.n_{{ level }}, 0) as bigint) as n_{{ level }},
        {% endfor %}
        cast(coalesce(form_total.n_forms, 0) as bigint) as n_forms,
        case when index_row.n_indices = index_row.n_indices_all then cast(index_row.hundredths as bigint) end
            as total_hundredths
    from index_row
    left join {{ ref('int_unit') }} as unit
        on index_row.unit_code = unit.unit_code and index_row.unit_valid_from = unit.unit_valid_from
    left join form_total
        on
            index_row.unit_code = form_total.unit_code
            and index_row.unit_valid_from = form_total.unit_valid_from
            and index_row.period_id = form_total.period_id
),

known_total as (
    select distinct total_hundredths
    from totalled
    where total_hundredths is not null
),

-- The highest band a total reaches.
banded as (
    select
        reached.total_hundredths,
        reached.band,
        reached.label_vi
    from (
        select
            total.total_hundredths,
            band.band,
            band.label_vi,
            row_number() over (partition by total.total_hundredths order by band.points_from desc, band.band asc)
                as place
        from known_total as total
        inner join {{ ref('stg_one_stop_band') }} as band
            on total.total_hundredths >= band.points_from * 100
    ) as reached
    where reached.place = 1
),

-- Units are ranked that have a complete total, among those of one level under one parent.
ranked as (
    select
        unit_code,
        unit_valid_from,
        period_id,
        weighting,
        rank() over (
            partition by period_id, weighting, unit_level, parent_code order by total_hundredths desc
        ) as place,
        count(*) over (partition by period_id, weighting, unit_level, parent_code) as n_ranked
    from totalled
    where total_hundredths is not null and unit_level is not null
)

select
    totalled.unit_code,
    totalled.unit_valid_from,
    totalled.period_id,
    totalled.weighting,
    totalled.n_forms,
    cast(totalled.n_units as bigint) as n_units,
    {% for index_code in indices %}
    {{ from_hundredths('totalled.index_' ~ index_code) }} as index_{{ index_code }},
    {% endfor %}
    cast(totalled.n_indices as bigint) as n_indices,
    {{ from_hundredths('totalled.hundredths') }} as points_scored,
    {{ from_hundredths('totalled.total_hundredths') }} as total_points,
    banded.band,
    banded.label_vi as band_vi,
    cast(ranked.place as bigint) as rank,
    cast(ranked.n_ranked as bigint) as n_ranked,
    {{ from_hundredths(
        '(totalled.index_1 + totalled.index_2 + totalled.index_3 + totalled.index_4 + totalled.index_7)'
    ) }} as civil_servant_points,
    {{ n_overall }} as n_overall,
    totalled.n_very_satisfied,
    {{ percent('totalled.n_very_satisfied', n_overall) }} as very_satisfied_pct,
    totalled.n_satisfied,
    {{ percent('totalled.n_satisfied', n_overall) }} as satisfied_pct,
    totalled.n_dissatisfied,
    {{ percent('totalled.n_dissatisfied', n_overall) }} as dissatisfied_pct
from totalled
left join banded
    on totalled.total_hundredths = banded.total_hundredths
left join ranked
    on
        totalled.unit_code = ranked.unit_code
        and totalled.unit_valid_from = ranked.unit_valid_from
        and totalled.period_id = ranked.period_id
        and totalled.weighting = ranked.weighting
