{#- Linearised total of a share: (a - share * b) / b of the domain. A decimal: its sums depend on no order. -#}
{%- set linearised -%}
cast(
            (cast(sums.a as double precision) - share.ratio * cast(sums.b as double precision)) / share.b
            as decimal(38, 18)
        )
{%- endset -%}

with pair as (
    select
        edition_id,
        previous_edition_id
    from {{ ref('int_edition_before') }}
    where basis = 'round'
),

compared as (
    select
        edition_id,
        previous_edition_id,
        unit_code,
        unit_valid_from,
        instrument_code,
        node_code,
        previous_node_code
    from {{ ref('int_index_before') }}
    where basis = 'round' and comparable = 'yes' and is_estimated = 1
),

psu_drawn as (
    select distinct
        round_code,
        coalesce(stratum, '') as stratum,
        psu
    from {{ ref('int_survey_round_place') }}
    where psu is not null
),

stratum_drawn as (
    select
        round_code,
        coalesce(stratum, '') as stratum,
        cast(max(n_1) as double precision) as n_psus,
        max(scale_1) * max(n_1) as factor
    from {{ ref('int_survey_round_place') }}
    group by round_code, coalesce(stratum, '')
),

common_psu as (
    select
        pair.edition_id,
        pair.previous_edition_id,
        later.stratum,
        later.psu
    from pair
    inner join psu_drawn as later
        on pair.edition_id = later.round_code
    inner join psu_drawn as earlier
        on
            pair.previous_edition_id = earlier.round_code
            and later.stratum = earlier.stratum
            and later.psu = earlier.psu
),

common_stratum as (
    select
        common.edition_id,
        common.previous_edition_id,
        common.stratum,
        common.n_common,
        later.n_psus,
        earlier.n_psus as previous_n_psus,
        sqrt(later.factor * earlier.factor) as factor
    from (
        select
            edition_id,
            previous_edition_id,
            stratum,
            cast(count(*) as double precision) as n_common
        from common_psu
        group by edition_id, previous_edition_id, stratum
    ) as common
    inner join stratum_drawn as later
        on common.edition_id = later.round_code and common.stratum = later.stratum
    inner join stratum_drawn as earlier
        on common.previous_edition_id = earlier.round_code and common.stratum = earlier.stratum
),

share as (
    select
        round_code,
        unit_code,
        unit_valid_from,
        node_code,
        cast(a as double precision) / cast(b as double precision) as ratio,
        cast(b as double precision) as b
    from {{ ref('int_survey_round_sums') }}
    where breakdown = '*' and b > 0
),

round_node as (
    select distinct
        node_id,
        node_code
    from {{ ref('int_node_item') }}
),

stratum_total as (
    select
        place.round_code,
        coalesce(place.stratum, '') as stratum,
        ancestor.unit_code,
        ancestor.unit_valid_from,
        round_node.node_code,
        sum(sums.a) as a,
        sum(sums.b) as b
    from {{ ref('int_survey_round_place_sums') }} as sums
    inner join {{ ref('int_survey_round_place') }} as place
        on sums.place_id = place.place_id
    inner join (
        select
            edition_id as round_code,
            stratum
        from common_stratum
        union
        select
            previous_edition_id as round_code,
            stratum
        from common_stratum
    ) as wanted
        on place.round_code = wanted.round_code and coalesce(place.stratum, '') = wanted.stratum
    inner join {{ ref('int_unit_ancestor') }} as ancestor
        on sums.placement_id = ancestor.placement_id
    inner join round_node
        on sums.node_id = round_node.node_id
    where sums.breakdown = '*'
    group by
        place.round_code, coalesce(place.stratum, ''), ancestor.unit_code, ancestor.unit_valid_from,
        round_node.node_code
),

stratum_linearised as (
    select
        sums.round_code,
        sums.stratum,
        sums.unit_code,
        sums.unit_valid_from,
        sums.node_code,
        cast({{ linearised }} as double precision) as z
    from stratum_total as sums
    inner join share
        on
            sums.round_code = share.round_code
            and sums.unit_code = share.unit_code
            and sums.unit_valid_from = share.unit_valid_from
            and sums.node_code = share.node_code
),

psu_linearised as (
    select
        sums.round_code,
        coalesce(sums.stratum, '') as stratum,
        sums.psu,
        sums.unit_code,
        sums.unit_valid_from,
        sums.node_code,
        {{ linearised }} as z
    from {{ ref('int_survey_round_psu') }} as sums
    inner join share
        on
            sums.round_code = share.round_code
            and sums.unit_code = share.unit_code
            and sums.unit_valid_from = share.unit_valid_from
            and sums.node_code = share.node_code
),

later_psu as (
    select
        compared.edition_id,
        compared.previous_edition_id,
        compared.unit_code,
        compared.unit_valid_from,
        compared.node_code,
        sums.stratum,
        sums.psu,
        sums.z
    from compared
    inner join psu_linearised as sums
        on
            compared.edition_id = sums.round_code
            and compared.unit_code = sums.unit_code
            and compared.unit_valid_from = sums.unit_valid_from
            and compared.node_code = sums.node_code
    inner join common_psu
        on
            compared.edition_id = common_psu.edition_id
            and compared.previous_edition_id = common_psu.previous_edition_id
            and sums.stratum = common_psu.stratum
            and sums.psu = common_psu.psu
),

earlier_psu as (
    select
        compared.edition_id,
        compared.previous_edition_id,
        compared.unit_code,
        compared.unit_valid_from,
        compared.node_code,
        sums.stratum,
        sums.psu,
        sums.z
    from compared
    inner join psu_linearised as sums
        on
            compared.previous_edition_id = sums.round_code
            and compared.unit_code = sums.unit_code
            and compared.unit_valid_from = sums.unit_valid_from
            and compared.previous_node_code = sums.node_code
    inner join common_psu
        on
            compared.edition_id = common_psu.edition_id
            and compared.previous_edition_id = common_psu.previous_edition_id
            and sums.stratum = common_psu.stratum
            and sums.psu = common_psu.psu
),

common_sum as (
    select
        edition_id,
        previous_edition_id,
        unit_code,
        unit_valid_from,
        node_code,
        stratum,
        cast(sum(z_later) as double precision) as later_z,
        cast(sum(z_earlier) as double precision) as earlier_z,
        cast(sum(z_product) as double precision) as product_z
    from (
        select
            edition_id,
            previous_edition_id,
            unit_code,
            unit_valid_from,
            node_code,
            stratum,
            z as z_later,
            cast(0 as decimal(38, 18)) as z_earlier,
            cast(0 as decimal(38, 18)) as z_product
        from later_psu
        union all
        select
            edition_id,
            previous_edition_id,
            unit_code,
            unit_valid_from,
            node_code,
            stratum,
            cast(0 as decimal(38, 18)) as z_later,
            z as z_earlier,
            cast(0 as decimal(38, 18)) as z_product
        from earlier_psu
        union all
        select
            later.edition_id,
            later.previous_edition_id,
            later.unit_code,
            later.unit_valid_from,
            later.node_code,
            later.stratum,
            cast(0 as decimal(38, 18)) as z_later,
            cast(0 as decimal(38, 18)) as z_earlier,
            cast(cast(later.z as double precision) * cast(earlier.z as double precision) as decimal(38, 18))
                as z_product
        from later_psu as later
        inner join earlier_psu as earlier
            on
                later.edition_id = earlier.edition_id
                and later.previous_edition_id = earlier.previous_edition_id
                and later.unit_code = earlier.unit_code
                and later.unit_valid_from = earlier.unit_valid_from
                and later.node_code = earlier.node_code
                and later.stratum = earlier.stratum
                and later.psu = earlier.psu
    ) as part
    group by edition_id, previous_edition_id, unit_code, unit_valid_from, node_code, stratum
)

-- Per stratum: factor * sum over the common PSUs of (z - mean of the stratum) * (z of the earlier round - its mean).
select
    compared.edition_id,
    compared.previous_edition_id,
    compared.unit_code,
    compared.unit_valid_from,
    compared.instrument_code,
    compared.node_code,
    cast(
        sum(
            cast(
                stratum.factor * (
                    coalesce(common_sum.product_z, 0)
                    - earlier.z / stratum.previous_n_psus * coalesce(common_sum.later_z, 0)
                    - later.z / stratum.n_psus * coalesce(common_sum.earlier_z, 0)
                    + stratum.n_common * later.z / stratum.n_psus * earlier.z / stratum.previous_n_psus
                ) as decimal(38, 18)
            )
        ) as double precision
    ) as covariance
from compared
inner join common_stratum as stratum
    on
        compared.edition_id = stratum.edition_id
        and compared.previous_edition_id = stratum.previous_edition_id
inner join stratum_linearised as later
    on
        compared.edition_id = later.round_code
        and compared.unit_code = later.unit_code
        and compared.unit_valid_from = later.unit_valid_from
        and compared.node_code = later.node_code
        and stratum.stratum = later.stratum
inner join stratum_linearised as earlier
    on
        compared.previous_edition_id = earlier.round_code
        and compared.unit_code = earlier.unit_code
        and compared.unit_valid_from = earlier.unit_valid_from
        and compared.previous_node_code = earlier.node_code
        and stratum.stratum = earlier.stratum
left join common_sum
    on
        compared.edition_id = common_sum.edition_id
        and compared.previous_edition_id = common_sum.previous_edition_id
        and compared.unit_code = common_sum.unit_code
        and compared.unit_valid_from = common_sum.unit_valid_from
        and compared.node_code = common_sum.node_code
        and stratum.stratum = common_sum.stratum
group by
    compared.edition_id, compared.previous_edition_id, compared.unit_code, compared.unit_valid_from,
    compared.instrument_code, compared.node_code
