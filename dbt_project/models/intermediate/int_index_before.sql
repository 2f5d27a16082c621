with answered as (
    select
        sums.unit_code,
        sums.unit_valid_from,
        sums.period_id,
        sums.instrument_code,
        sums.node_code,
        -- A mean of parts has no estimate.
        case when coalesce(mean_of_parts.n_parts, 1) = 1 then 1 else 0 end as is_pooled
    from {{ ref('int_survey_node_sums') }} as sums
    left join {{ ref('int_survey_mean_of_parts') }} as mean_of_parts
        on
            sums.territory_basis = mean_of_parts.territory_basis
            and sums.unit_code = mean_of_parts.unit_code
            and sums.unit_valid_from = mean_of_parts.unit_valid_from
            and sums.period_id = mean_of_parts.period_id
            and sums.instrument_code = mean_of_parts.instrument_code
            and sums.node_code = mean_of_parts.node_code
            and sums.breakdown = mean_of_parts.breakdown
            and sums.breakdown_value = mean_of_parts.breakdown_value
    where sums.territory_basis = 'as_reported' and sums.breakdown = '*' and sums.n_answers > 0
),

used as (
    select distinct
        unit_code,
        unit_valid_from,
        period_id,
        instrument_code
    from answered
),

-- Of several instruments used before, the one nearest to this one.
edition as (
    select
        unit_code,
        unit_valid_from,
        period_id,
        previous_period_id,
        comparison,
        instrument_code,
        previous_instrument_code,
        family,
        relation,
        ends_on,
        previous_starts_on,
        reason_vi,
        reason_en
    from (
        select
            later.unit_code,
            later.unit_valid_from,
            later.period_id,
            period.previous_period_id,
            period.comparison,
            later.instrument_code,
            earlier.instrument_code as previous_instrument_code,
            instrument.family,
            instrument.relation,
            period.ends_on,
            period.previous_starts_on,
            instrument.reason_vi,
            instrument.reason_en,
            row_number() over (
                partition by
                    later.unit_code, later.unit_valid_from, later.period_id, period.previous_period_id,
                    later.instrument_code
                order by instrument.preference
            ) as choice
        from used as later
        inner join {{ ref('int_period_before') }} as period
            on later.period_id = period.period_id
        inner join used as earlier
            on
                later.unit_code = earlier.unit_code
                and later.unit_valid_from = earlier.unit_valid_from
                and period.previous_period_id = earlier.period_id
        inner join {{ ref('int_instrument_before') }} as instrument
            on
                later.instrument_code = instrument.instrument_code
                and earlier.instrument_code = instrument.previous_instrument_code
    ) as ranked
    where choice = 1
),

-- A method that changed under one name.
changed as (
    select
        edition.family,
        edition.previous_starts_on,
        edition.ends_on,
        method_break.reason_vi,
        method_break.reason_en,
        row_number() over (
            partition by edition.family, edition.previous_starts_on, edition.ends_on
            order by method_break.broken_on desc, method_break.reason_vi asc
        ) as choice
    from (
        select distinct
            family,
            previous_starts_on,
            ends_on
        from edition
    ) as edition
    inner join {{ ref('stg_method_break') }} as method_break
        on
            edition.family = method_break.from_family
            and edition.family = method_break.to_family
            and edition.previous_starts_on < method_break.broken_on
            and edition.ends_on >= method_break.broken_on
)

select
    'period' as basis,
    edition.unit_code,
    edition.unit_valid_from,
    edition.instrument_code,
    later.node_code,
    edition.period_id as edition_id,
    edition.previous_period_id as previous_edition_id,
    edition.comparison,
    edition.previous_instrument_code,
    earlier.node_code as previous_node_code,
    case when edition.relation = 'across_break' or changed.choice is not null then 'no' else 'yes' end as comparable,
    coalesce(edition.reason_vi, changed.reason_vi) as reason_vi,
    coalesce(edition.reason_en, changed.reason_en) as reason_en,
    later.is_pooled * earlier.is_pooled as is_estimated
from edition
inner join {{ ref('int_node_before') }} as node
    on
        edition.instrument_code = node.instrument_code
        and edition.previous_instrument_code = node.previous_instrument_code
inner join answered as later
    on
        edition.unit_code = later.unit_code
        and edition.unit_valid_from = later.unit_valid_from
        and edition.period_id = later.period_id
        and edition.instrument_code = later.instrument_code
        and node.node_code = later.node_code
inner join answered as earlier
    on
        edition.unit_code = earlier.unit_code
        and edition.unit_valid_from = earlier.unit_valid_from
        and edition.previous_period_id = earlier.period_id
        and edition.previous_instrument_code = earlier.instrument_code
        and node.previous_node_code = earlier.node_code
left join changed
    on
        edition.family = changed.family
        and edition.previous_starts_on = changed.previous_starts_on
        and edition.ends_on = changed.ends_on
        and changed.choice = 1
