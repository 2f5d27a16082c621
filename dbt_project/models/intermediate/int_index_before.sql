with used as (
    select distinct
        basis,
        edition_id,
        unit_code,
        unit_valid_from,
        instrument_code
    from {{ ref('int_index_answered') }}
),

-- Of several instruments used before, the one nearest to this one.
edition as (
    select
        basis,
        edition_id,
        unit_code,
        unit_valid_from,
        previous_edition_id,
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
            later.basis,
            later.edition_id,
            later.unit_code,
            later.unit_valid_from,
            pair.previous_edition_id,
            pair.comparison,
            later.instrument_code,
            earlier.instrument_code as previous_instrument_code,
            instrument.family,
            instrument.relation,
            pair.ends_on,
            pair.previous_starts_on,
            instrument.reason_vi,
            instrument.reason_en,
            row_number() over (
                partition by
                    later.basis, later.edition_id, later.unit_code, later.unit_valid_from, pair.previous_edition_id,
                    later.instrument_code
                order by instrument.preference
            ) as choice
        from used as later
        inner join {{ ref('int_edition_before') }} as pair
            on later.basis = pair.basis and later.edition_id = pair.edition_id
        inner join used as earlier
            on
                later.basis = earlier.basis
                and later.unit_code = earlier.unit_code
                and later.unit_valid_from = earlier.unit_valid_from
                and pair.previous_edition_id = earlier.edition_id
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
    edition.basis,
    edition.unit_code,
    edition.unit_valid_from,
    edition.instrument_code,
    later.node_code,
    edition.edition_id,
    edition.previous_edition_id,
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
inner join {{ ref('int_index_answered') }} as later
    on
        edition.basis = later.basis
        and edition.edition_id = later.edition_id
        and edition.unit_code = later.unit_code
        and edition.unit_valid_from = later.unit_valid_from
        and edition.instrument_code = later.instrument_code
        and node.node_code = later.node_code
inner join {{ ref('int_index_answered') }} as earlier
    on
        edition.basis = earlier.basis
        and edition.previous_edition_id = earlier.edition_id
        and edition.unit_code = earlier.unit_code
        and edition.unit_valid_from = earlier.unit_valid_from
        and edition.previous_instrument_code = earlier.instrument_code
        and node.previous_node_code = earlier.node_code
left join changed
    on
        edition.family = changed.family
        and edition.previous_starts_on = changed.previous_starts_on
        and edition.ends_on = changed.ends_on
        and changed.choice = 1
