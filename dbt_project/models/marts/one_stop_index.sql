with form_score as (
    select
        ancestor.unit_code,
        ancestor.unit_valid_from,
        period.period_id,
        form.unit_code as own_code,
        form.unit_valid_from as own_valid_from,
        form.index_code,
        sum(form.hundredths) as hundredths,
        count(*) as n_scored,
        sum(case when form.source in ('computed', 'complaint') then 1 else 0 end) as n_computed
    from {{ ref('int_case_evaluation_index') }} as form
    inner join {{ ref('int_one_stop_quarter') }} as period
        on form.month_idx = period.month_idx
    inner join {{ ref('int_unit_ancestor') }} as ancestor
        on form.placement_id = ancestor.placement_id
    group by
        ancestor.unit_code,
        ancestor.unit_valid_from,
        period.period_id,
        form.unit_code,
        form.unit_valid_from,
        form.index_code
),

agency_score as (
    select
        ancestor.unit_code,
        ancestor.unit_valid_from,
        period.period_id,
        agency.unit_code as own_code,
        agency.unit_valid_from as own_valid_from,
        agency.index_code,
        sum(agency.hundredths) as hundredths,
        count(*) as n_quarters,
        case when min(agency.source) = max(agency.source) then min(agency.source) else 'mixed' end as source
    from {{ ref('int_agency_score') }} as agency
    inner join (
        select distinct
            quarter_id,
            period_id
        from {{ ref('int_one_stop_quarter') }}
    ) as period
        on agency.quarter_id = period.quarter_id
    inner join {{ ref('int_unit_ancestor') }} as ancestor
        on agency.placement_id = ancestor.placement_id
    group by
        ancestor.unit_code,
        ancestor.unit_valid_from,
        period.period_id,
        agency.unit_code,
        agency.unit_valid_from,
        agency.index_code
),

form_count as (
    select
        ancestor.unit_code,
        ancestor.unit_valid_from,
        period.period_id,
        form.unit_code as own_code,
        form.unit_valid_from as own_valid_from,
        count(*) as n_forms
    from {{ ref('int_case_evaluation') }} as form
    inner join {{ ref('int_one_stop_quarter') }} as period
        on form.month_idx = period.month_idx
    inner join {{ ref('int_unit_ancestor') }} as ancestor
        on form.placement_id = ancestor.placement_id
    group by
        ancestor.unit_code,
        ancestor.unit_valid_from,
        period.period_id,
        form.unit_code,
        form.unit_valid_from
),

own_index as (
    select
        unit_code,
        unit_valid_from,
        period_id,
        own_code,
        own_valid_from,
        index_code
    from form_score
    union
    select
        unit_code,
        unit_valid_from,
        period_id,
        own_code,
        own_valid_from,
        index_code
    from agency_score
),

-- Where forms ask what the agency scores as well (index 6), the forms stand.
own_score as (
    select
        own_index.unit_code,
        own_index.unit_valid_from,
        own_index.period_id,
        own_index.own_code,
        own_index.index_code,
        coalesce(form_score.n_scored, 0) as n_scored,
        coalesce(form_score.n_computed, 0) as n_computed,
        case
            when form_score.n_scored is null then agency_score.source
            when form_score.n_computed = 0 then 'form'
            when form_score.n_computed = form_score.n_scored then 'computed'
            else 'mixed'
        end as source,
        case
            when form_score.n_scored is not null
                then {{ rounded_ratio('form_score.hundredths', 'form_score.n_scored') }}
            else {{ rounded_ratio('agency_score.hundredths', 'agency_score.n_quarters') }}
        end as mean_hundredths,
        form_score.hundredths as form_hundredths,
        coalesce(form_score.n_scored, form_count.n_forms, 0) as weight
    from own_index
    left join form_score
        on
            own_index.unit_code = form_score.unit_code
            and own_index.unit_valid_from = form_score.unit_valid_from
            and own_index.period_id = form_score.period_id
            and own_index.own_code = form_score.own_code
            and own_index.own_valid_from = form_score.own_valid_from
            and own_index.index_code = form_score.index_code
    left join agency_score
        on
            own_index.unit_code = agency_score.unit_code
            and own_index.unit_valid_from = agency_score.unit_valid_from
            and own_index.period_id = agency_score.period_id
            and own_index.own_code = agency_score.own_code
            and own_index.own_valid_from = agency_score.own_valid_from
            and own_index.index_code = agency_score.index_code
    left join form_count
        on
            own_index.unit_code = form_count.unit_code
            and own_index.unit_valid_from = form_count.unit_valid_from
            and own_index.period_id = form_count.period_id
            and own_index.own_code = form_count.own_code
            and own_index.own_valid_from = form_count.own_valid_from
),

weighted as (
    select
        unit_code,
        unit_valid_from,
        period_id,
        index_code,
        'forms' as weighting,
        {{ rounded_ratio('sum(coalesce(form_hundredths, mean_hundredths * weight))', 'sum(weight)') }}
            as weighted_hundredths,
        {{ rounded_ratio('sum(mean_hundredths)', 'count(*)') }} as mean_hundredths,
        sum(n_scored) as n_scored,
        sum(n_computed) as n_computed,
        count(*) as n_units,
        case when min(source) = max(source) then min(source) else 'mixed' end as source
    from own_score
    group by unit_code, unit_valid_from, period_id, index_code
    union all
    select
        unit_code,
        unit_valid_from,
        period_id,
        index_code,
        'units' as weighting,
        null as weighted_hundredths,
        {{ rounded_ratio('sum(mean_hundredths)', 'count(*)') }} as mean_hundredths,
        sum(n_scored) as n_scored,
        sum(n_computed) as n_computed,
        count(*) as n_units,
        case when min(source) = max(source) then min(source) else 'mixed' end as source
    from own_score
    -- What has no unit is no unit's mean.
    where own_code not like '%~'
    group by unit_code, unit_valid_from, period_id, index_code
),

standard as (
    select
        index_code,
        max(points) as standard_points
    from {{ ref('stg_one_stop_level') }}
    group by index_code
),

grid as (
    select
        known.unit_code,
        known.unit_valid_from,
        known.period_id,
        known.weighting,
        standard.index_code,
        standard.standard_points
    from (
        select
            unit_code,
            unit_valid_from,
            period_id,
            weighting
        from weighted
        union
        select
            unit_code,
            unit_valid_from,
            period_id,
            'forms' as weighting
        from form_count
    ) as known
    cross join standard
)

select
    grid.unit_code,
    grid.unit_valid_from,
    grid.period_id,
    grid.weighting,
    grid.index_code,
    cast(grid.standard_points as double precision) as standard_points,
    {{ from_hundredths('coalesce(weighted.weighted_hundredths, weighted.mean_hundredths)') }} as mean_points,
    coalesce(weighted.source, 'none') as source,
    cast(coalesce(weighted.n_scored, 0) as bigint) as n_scored,
    cast(coalesce(weighted.n_computed, 0) as bigint) as n_computed,
    cast(coalesce(weighted.n_units, 0) as bigint) as n_units
from grid
left join weighted
    on
        grid.unit_code = weighted.unit_code
        and grid.unit_valid_from = weighted.unit_valid_from
        and grid.period_id = weighted.period_id
        and grid.weighting = weighted.weighting
        and grid.index_code = weighted.index_code
