select
    code,
    instrument_code,
    cast(first_on as date) as first_on,
    cast(last_on as date) as last_on,
    is_probability_sample
from {{ source('landing', 'survey_round') }}
