-- Forms of a survey, and evaluation forms of cases where an instrument takes them for its own.
{{ config(materialized='view') }}

select
    'survey' as form_kind,
    response_id as form_id,
    placement_id,
    month_idx,
    instrument_code
from {{ ref('int_survey_response') }}
union all
select
    'case' as form_kind,
    evaluation.evaluation_id as form_id,
    evaluation.placement_id,
    evaluation.month_idx,
    instrument.code as instrument_code
from {{ ref('int_case_evaluation') }} as evaluation
inner join {{ ref('stg_instrument') }} as instrument
    on instrument.is_case_form = 'yes'
