-- Figures of families that neither are the same nor have a break between them are different things: no row.
with instrument as (
    select
        code,
        method_family as family,
        coalesce(first_year, 0) as first_year
    from {{ ref('stg_instrument') }}
),

-- The reason holds whichever of the two families comes first.
family_break as (
    select
        from_family as family,
        to_family as other_family,
        broken_on,
        reason_vi,
        reason_en
    from {{ ref('stg_method_break') }}
    union all
    select
        to_family as family,
        from_family as other_family,
        broken_on,
        reason_vi,
        reason_en
    from {{ ref('stg_method_break') }}
),

last_break as (
    select
        family,
        other_family,
        reason_vi,
        reason_en
    from (
        select
            family,
            other_family,
            reason_vi,
            reason_en,
            row_number() over (partition by family, other_family order by broken_on desc, reason_vi asc) as choice
        from family_break
        where family <> other_family
    ) as ranked
    where choice = 1
)

select
    later.code as instrument_code,
    earlier.code as previous_instrument_code,
    later.family,
    case
        when later.code = earlier.code then 'same_instrument'
        when later.family = earlier.family then 'same_family'
        else 'across_break'
    end as relation,
    cast(
        row_number() over (
            partition by later.code
            order by
                case when later.code = earlier.code then 1 when later.family = earlier.family then 2 else 3 end asc,
                earlier.first_year desc,
                earlier.code asc
        ) as bigint
    ) as preference,
    last_break.reason_vi,
    last_break.reason_en
from instrument as later
cross join instrument as earlier
left join last_break
    on later.family = last_break.family and earlier.family = last_break.other_family
where later.family = earlier.family or last_break.family is not null
