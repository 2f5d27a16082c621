with item_count as (
    select
        instrument_code,
        node_code,
        cast(count(*) as bigint) as n_items
    from {{ ref('int_node_item') }}
    group by instrument_code, node_code
)

select
    node.instrument_code,
    instrument.name_vi as instrument_name_vi,
    instrument.name_en as instrument_name_en,
    instrument.method_family,
    instrument.first_year,
    instrument.last_year,
    instrument.is_complete,
    instrument.aggregation_mode,
    node.node_code,
    node.node_level,
    node.parent_code,
    node.position,
    node.scale_code,
    node.question_kind,
    node.index_kind,
    node.answers_for,
    node.label_vi,
    node.label_en,
    coalesce(item_count.n_items, 0) as n_items
from {{ ref('stg_instrument_item') }} as node
inner join {{ ref('stg_instrument') }} as instrument
    on node.instrument_code = instrument.code
left join item_count
    on node.instrument_code = item_count.instrument_code and node.node_code = item_count.node_code
