with stated as (
    {%- for breakdown in survey_breakdowns() %}
    select distinct
        round_code,
        '{{ breakdown }}' as breakdown,
        {{ breakdown }} as breakdown_value
    from {{ ref('int_survey_round_form') }}
    union all
    {%- endfor %}
    select distinct
        round_code,
        '*' as breakdown,
        '*' as breakdown_value
    from {{ ref('int_survey_round_form') }}
),

-- A question that no form of a round answers breaks nothing down.
answered as (
    select
        *,
        max(case when breakdown_value <> '~' then 1 else 0 end) over (partition by round_code, breakdown) as is_answered
    from stated
)

select
    round_code,
    breakdown,
    breakdown_value,
    cast(row_number() over (order by round_code, breakdown, breakdown_value) as integer) as group_id
from answered
where is_answered = 1
