{%- set months = [
    'January', 'February', 'March', 'April', 'May', 'June',
    'July', 'August', 'September', 'October', 'November', 'December',
] -%}

with month_name as (
    {% for month in months %}
    select
        {{ loop.index }} as month_number,
        '{{ month }}' as name_en
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

period as (
    select
        period_id,
        period_kind,
        year,
        min(month_number) as first_month,
        min(starts_on) as starts_on,
        max(ends_on) as ends_on,
        min(month_idx) as first_month_idx,
        max(month_idx) as last_month_idx
    from {{ ref('int_period_month') }}
    group by period_id, period_kind, year
),

labelled as (
    select
        period.period_id,
        period.period_kind,
        period.year,
        period.starts_on,
        period.ends_on,
        period.first_month_idx,
        period.last_month_idx,
        cast(period.year as text) as year_text,
        cast(period.first_month as text) as month_text,
        month_name.name_en as month_name_en,
        case period.first_month when 1 then 'I' when 4 then 'II' when 7 then 'III' else 'IV' end as quarter_vi,
        case period.first_month when 1 then '1' when 4 then '2' when 7 then '3' else '4' end as quarter_en,
        case period.first_month when 1 then 'đầu' else 'cuối' end as half_vi,
        case period.first_month when 1 then 'First' else 'Second' end as half_en
    from period
    inner join month_name
        on period.first_month = month_name.month_number
)

select
    labelled.period_id,
    labelled.period_kind,
    labelled.year,
    labelled.starts_on,
    labelled.ends_on,
    first_month.month_id as first_month_id,
    last_month.month_id as last_month_id,
    case labelled.period_kind
        when 'month' then 'Tháng ' || labelled.month_text || '/' || labelled.year_text
        when 'quarter' then 'Quý ' || labelled.quarter_vi || '/' || labelled.year_text
        when 'half_year' then '6 tháng ' || labelled.half_vi || ' năm ' || labelled.year_text
        when 'nine_months' then '9 tháng năm ' || labelled.year_text
        when 'year' then 'Năm ' || labelled.year_text
    end as label_vi,
    case labelled.period_kind
        when 'month' then labelled.month_name_en || ' ' || labelled.year_text
        when 'quarter' then 'Quarter ' || labelled.quarter_en || ', ' || labelled.year_text
        when 'half_year' then labelled.half_en || ' half of ' || labelled.year_text
        when 'nine_months' then 'Nine months of ' || labelled.year_text
        when 'year' then labelled.year_text
    end as label_en
from labelled
inner join {{ ref('stg_reporting_month') }} as first_month
    on labelled.first_month_idx = first_month.month_idx
inner join {{ ref('stg_reporting_month') }} as last_month
    on labelled.last_month_idx = last_month.month_idx
