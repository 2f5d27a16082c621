select
    from_instrument,
    from_item,
    to_instrument,
    to_item,
    relation
from {{ source('landing', 'instrument_crosswalk') }}
