with response as (
    select
        record_key,
        record_number,
        input_id,
        sheet,
        line,
        source,
        office_code,
        unit_code,
        instrument_code,
        responded_on,
        mode,
        sex,
        age_band,
        education,
        occupation,
        residence,
        channel,
        procedure_field,
        weight,
        stratum,
        psu,
        ssu
    from {{ ref('stg_survey_response') }}
)

select
    response.record_number as response_id,
    response.record_key,
    response.input_id,
    response.sheet,
    response.line,
    response.source,
    coalesce(named.placement_id, unassigned.placement_id) as placement_id,
    coalesce(named.unit_code, unassigned.unit_code) as unit_code,
    coalesce(named.unit_valid_from, unassigned.unit_valid_from) as unit_valid_from,
    case
        when named.placement_id is not null then 'named'
        when response.unit_code is null then 'missing'
        else 'not_in_force'
    end as unit_status,
    responded_day.month_id,
    responded_day.month_idx,
    response.instrument_code,
    response.responded_on,
    response.mode,
    response.sex,
    response.age_band,
    response.education,
    response.occupation,
    response.residence,
    response.channel,
    response.procedure_field,
    response.weight,
    response.stratum,
    response.psu,
    response.ssu
from response
left join {{ ref('int_unit_path') }} as named
    on
        response.unit_code = named.unit_code
        and response.responded_on between named.in_force_from and named.in_force_to
left join {{ ref('int_unit_path') }} as unassigned
    on
        response.office_code = unassigned.unassigned_of
        and response.responded_on between unassigned.in_force_from and unassigned.in_force_to
left join {{ ref('int_day') }} as responded_day
    on response.responded_on = responded_day.day_on
