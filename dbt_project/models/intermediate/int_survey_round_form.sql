-- An SSU without a PSU is the first cluster drawn.
select
    survey_round.code as round_code,
    response.response_id,
    response.placement_id,
    response.instrument_code,
    {% for breakdown in survey_breakdowns() %}
    coalesce(response.{{ breakdown }}, '~') as {{ breakdown }},
    {% endfor %}
    cast(coalesce(response.weight, 1) as decimal(18, 4)) as weight,
    response.stratum,
    coalesce(response.psu, response.ssu) as psu,
    case when response.psu is not null then response.ssu end as ssu
from {{ ref('int_survey_response') }} as response
inner join {{ ref('stg_survey_round') }} as survey_round
    on
        response.instrument_code = survey_round.instrument_code
        and response.responded_on between survey_round.first_on and survey_round.last_on
