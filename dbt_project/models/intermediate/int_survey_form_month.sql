with response as (
    select
        placement_id,
        month_idx,
        {% for breakdown in survey_breakdowns() %}
        coalesce({{ breakdown }}, '~') as {{ breakdown }},
        {% endfor %}
        instrument_code
    from {{ ref('int_survey_response') }}
),

broken_down as (
    select
        placement_id,
        month_idx,
        instrument_code,
        {{ breakdown_columns() }},
        cast(count(*) as bigint) as n_forms
    from response
    group by {{ breakdown_sets(['placement_id', 'month_idx', 'instrument_code']) }}
),

-- A question that no form of an instrument answers breaks nothing down.
answered as (
    select distinct
        instrument_code,
        breakdown
    from broken_down
    where breakdown_value <> '~'
)

select
    broken_down.placement_id,
    broken_down.month_idx,
    broken_down.instrument_code,
    broken_down.breakdown,
    broken_down.breakdown_value,
    broken_down.n_forms
from broken_down
inner join answered
    on broken_down.instrument_code = answered.instrument_code and broken_down.breakdown = answered.breakdown
