with period as (
    select
        period_id,
        period_kind,
        year,
        min(month_number) as first_month_number,
        min(month_idx) as first_month_idx,
        max(month_idx) as last_month_idx,
        min(starts_on) as starts_on,
        max(ends_on) as ends_on
    from {{ ref('int_period_month') }}
    group by period_id, period_kind, year
),

round_before as (
    select
        later.code as edition_id,
        earlier.code as previous_edition_id,
        later.last_on as ends_on,
        earlier.first_on as previous_starts_on,
        row_number() over (
            partition by later.code
            -- A round of the same instrument first, then one of its family, then one from before a method break.
            order by
                case instrument.relation when 'same_instrument' then 1 when 'same_family' then 2 else 3 end asc,
                earlier.last_on desc,
                instrument.preference asc,
                earlier.code asc
        ) as choice
    from {{ ref('stg_survey_round') }} as later
    inner join {{ ref('int_instrument_before') }} as instrument
        on later.instrument_code = instrument.instrument_code
    inner join {{ ref('stg_survey_round') }} as earlier
        on instrument.previous_instrument_code = earlier.instrument_code and earlier.last_on < later.first_on
)

select
    'period' as basis,
    later.period_id as edition_id,
    earlier.period_id as previous_edition_id,
    'previous' as comparison,
    later.ends_on,
    earlier.starts_on as previous_starts_on
from period as later
inner join period as earlier
    on later.period_kind = earlier.period_kind and later.first_month_idx = earlier.last_month_idx + 1
where later.period_kind in ('month', 'quarter')
union all
select
    'period' as basis,
    later.period_id as edition_id,
    earlier.period_id as previous_edition_id,
    'year_before' as comparison,
    later.ends_on,
    earlier.starts_on as previous_starts_on
from period as later
inner join period as earlier
    on
        later.period_kind = earlier.period_kind
        and later.first_month_number = earlier.first_month_number
        and later.year = earlier.year + 1
union all
select
    'round' as basis,
    edition_id,
    previous_edition_id,
    'previous' as comparison,
    ends_on,
    previous_starts_on
from round_before
where choice = 1
