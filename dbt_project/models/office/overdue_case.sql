-- A source states apologies when it has given the day of any: none is known of the cases of another.
with source as (
    select
        office_code,
        source,
        max(case when apologised_on is not null then 1 else 0 end) as has_apologies
    from {{ ref('stg_case') }}
    group by office_code, source
)

select
    above.unit_code,
    above.unit_valid_from,
    overdue.period_id,
    overdue.case_id,
    overdue.unit_code as own_unit_code,
    overdue.unit_valid_from as own_unit_valid_from,
    number.record_id,
    overdue.procedure_field,
    overdue.received_on,
    overdue.due_original_on,
    overdue.due_on,
    overdue.settled_on,
    overdue.days_late,
    overdue.overdue_status,
    overdue.apologised_on,
    overdue.apology_status,
    case when source.has_apologies = 1 then 'yes' else 'no' end as apologies_stated
from {{ ref('case_overdue') }} as overdue
inner join {{ ref('int_case') }} as present
    on overdue.case_id = present.case_id
inner join {{ ref('int_unit_ancestor') }} as above
    on present.placement_id = above.placement_id
inner join {{ ref('stg_input') }} as input
    on present.input_id = input.input_id
inner join source
    on input.office_code = source.office_code and input.source = source.source
left join {{ ref('case_number') }} as number
    on overdue.case_id = number.case_id
