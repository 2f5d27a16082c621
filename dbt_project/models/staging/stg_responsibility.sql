select
    instrument_code,
    node_code,
    lead_vi,
    lead_en,
    executing_vi,
    executing_en,
    basis
from {{ source('landing', 'responsibility') }}
