select
    placement_id,
    month_idx,
    instrument_code,
    cast(count(*) as bigint) as n_forms
from {{ ref('int_survey_response') }}
group by placement_id, month_idx, instrument_code
