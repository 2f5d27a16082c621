select
    drawn.round_code,
    drawn.response_id,
    response.placement_id,
    response.instrument_code,
    {% for breakdown in survey_breakdowns() %}
    coalesce(response.{{ breakdown }}, '~') as {{ breakdown }},
    {% endfor %}
    drawn.weight,
    drawn.stratum,
    drawn.psu,
    drawn.ssu
from {{ ref('int_survey_round_response') }} as drawn
inner join {{ ref('int_survey_response') }} as response
    on drawn.response_id = response.response_id
where drawn.standing = 'drawn'
