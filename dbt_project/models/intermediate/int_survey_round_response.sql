-- An SSU without a PSU is the first cluster drawn. Where forms of a round have places or weights, one without its own
-- was not drawn with them: as a unit of its own it would make the sample look larger than it is.
with response as (
    select
        survey_round.code as round_code,
        response.response_id,
        response.weight,
        response.stratum,
        coalesce(response.psu, response.ssu) as psu,
        case when response.psu is not null then response.ssu end as ssu
    from {{ ref('int_survey_response') }} as response
    inner join {{ ref('stg_survey_round') }} as survey_round
        on
            response.instrument_code = survey_round.instrument_code
            and response.responded_on between survey_round.first_on and survey_round.last_on
),

design as (
    select
        round_code,
        max(case when stratum is not null or psu is not null then 1 else 0 end) as has_places,
        max(case when weight is not null then 1 else 0 end) as has_weights
    from response
    group by round_code
)

select
    response.round_code,
    response.response_id,
    case
        when design.has_places = 1 and response.stratum is null and response.psu is null then 'no_place'
        when design.has_weights = 1 and (response.weight is null or response.weight <= 0) then 'no_weight'
        else 'drawn'
    end as standing,
    cast(case when design.has_weights = 1 then response.weight else 1 end as decimal(18, 4)) as weight,
    response.stratum,
    response.psu,
    response.ssu
from response
inner join design
    on response.round_code = design.round_code
