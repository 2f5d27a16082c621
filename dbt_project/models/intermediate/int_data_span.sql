with data_month as (
    select received_month_idx as month_idx from {{ ref('int_case') }}
    union all
    select end_month_idx as month_idx from {{ ref('int_case') }}
    union all
    select received_month_idx as month_idx from {{ ref('int_complaint') }}
    union all
    select end_month_idx as month_idx from {{ ref('int_complaint') }}
    union all
    select month_idx from {{ ref('int_survey_response') }}
    union all
    -- A plan reaches into months of which nothing is known yet: only what was held counts.
    select held_day.month_idx
    from {{ ref('stg_activity') }} as held
    inner join {{ ref('int_day') }} as held_day
        on held.held_on = held_day.day_on
    union all
    select month.month_idx
    from {{ ref('stg_input') }} as input
    inner join {{ ref('stg_reporting_month') }} as month
        on input.period_id = month.month_id
    where input.status in ('landed', 'empty')
),

span as (
    select
        min(month_idx) as first_month_idx,
        max(month_idx) as last_month_idx
    from data_month
)

select
    span.first_month_idx,
    span.last_month_idx,
    last_month.ends_on as last_on
from span
inner join {{ ref('stg_reporting_month') }} as last_month
    on span.last_month_idx = last_month.month_idx
