select
    response_id,
    input_id,
    sheet,
    line,
    source,
    unit_code,
    unit_valid_from,
    unit_status,
    month_id,
    instrument_code,
    responded_on,
    mode,
    sex,
    age_band
from {{ ref('int_survey_response') }}
