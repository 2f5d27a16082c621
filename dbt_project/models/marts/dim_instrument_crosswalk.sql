-- Each relation is shipped once and read both ways.
select
    from_instrument,
    from_item,
    to_instrument,
    to_item,
    relation
from {{ ref('stg_instrument_crosswalk') }}
union
select
    to_instrument as from_instrument,
    to_item as from_item,
    from_instrument as to_instrument,
    from_item as to_item,
    case relation when 'merged' then 'split' when 'split' then 'merged' else relation end as relation
from {{ ref('stg_instrument_crosswalk') }}
