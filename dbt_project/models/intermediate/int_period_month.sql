{%- set kinds = [
    ('month', "month_id", 1, 'true'),
    ('quarter', "year_text || '-Q' || case when month_number <= 3 then '1' when month_number <= 6 then '2' when month_number <= 9 then '3' else '4' end", 3, 'true'),
    ('half_year', "year_text || case when month_number <= 6 then '-H1' else '-H2' end", 6, 'true'),
    ('nine_months', "year_text || '-9M'", 9, 'month_number <= 9'),
    ('year', "year_text", 12, 'true'),
] -%}

with month as (
    select
        month_id,
        month_idx,
        starts_on,
        ends_on,
        substring(month_id, 1, 4) as year_text,
        cast(substring(month_id, 6, 2) as bigint) as month_number
    from {{ ref('stg_reporting_month') }}
),

period_month as (
    {%- for kind, period_id, n_months, condition in kinds %}
    select
        {{ period_id }} as period_id,
        '{{ kind }}' as period_kind,
        cast({{ n_months }} as bigint) as n_months,
        cast(year_text as bigint) as year,
        month_number,
        month_id,
        month_idx,
        starts_on,
        ends_on
    from month
    where {{ condition }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

counted as (
    select
        period_id,
        period_kind,
        n_months,
        year,
        month_number,
        month_id,
        month_idx,
        starts_on,
        ends_on,
        count(*) over (partition by period_id) as n_months_known
    from period_month
)

-- A period at the edge of the calendar that lacks a month is left out.
select
    period_id,
    period_kind,
    year,
    month_number,
    month_id,
    month_idx,
    starts_on,
    ends_on
from counted
where n_months_known = n_months
