select
    placed.round_code,
    placed.response_id,
    response.month_id,
    placed.standing,
    placed.weight,
    placed.stratum,
    placed.psu,
    placed.ssu
from {{ ref('int_survey_round_response') }} as placed
inner join {{ ref('int_survey_response') }} as response
    on placed.response_id = response.response_id
