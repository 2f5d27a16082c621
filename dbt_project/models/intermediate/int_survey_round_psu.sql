-- People drawn without a cluster are sampling units of their own and have no row here.
select
    place.round_code,
    ancestor.unit_code,
    ancestor.unit_valid_from,
    node.node_code,
    place.stratum,
    place.psu,
    cast(sum(sums.n_forms_answered) as bigint) as n_forms_answered,
    cast(sum(sums.a) as decimal(38, 4)) as a,
    cast(sum(sums.b) as decimal(38, 4)) as b,
    cast(max(place.n_1) as bigint) as n_psus_drawn,
    cast(max(place.frame_1) as bigint) as n_psus_frame,
    cast(max(place.has_fpc) as bigint) as has_fpc
from {{ ref('int_survey_round_place_sums') }} as sums
inner join {{ ref('int_survey_round_place') }} as place
    on sums.place_id = place.place_id
inner join {{ ref('int_unit_ancestor') }} as ancestor
    on sums.placement_id = ancestor.placement_id
inner join (
    select distinct
        node_id,
        node_code
    from {{ ref('int_node_item') }}
) as node
    on sums.node_id = node.node_id
where sums.breakdown = '*' and sums.n_forms_answered > 0 and place.psu is not null
group by
    place.round_code, ancestor.unit_code, ancestor.unit_valid_from, node.node_code, place.stratum, place.psu
