{%- set bases = ['given', 'original', 'shift', 'restart', 'subtract'] -%}
{%- set classes = ['early', 'on_day', 'late', 'unclassified'] -%}

with judged as (
    {%- for basis in bases %}
    select
        placement_id,
        end_month_idx as month_idx,
        '{{ basis }}' as basis,
        {% for class in classes %}
        sum(case when timeliness_{{ basis }} = '{{ class }}' then 1 else 0 end) as n_{{ class }},
        {% endfor %}
        count(*) as n_settled
    from {{ ref('int_case_timing') }}
    where outcome = 'settled'
    group by placement_id, end_month_idx
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

unit_period as (
    select
        ancestor.unit_code,
        ancestor.unit_valid_from,
        period.period_id,
        judged.basis,
        {% for class in classes %}
        sum(judged.n_{{ class }}) as n_{{ class }},
        {% endfor %}
        sum(judged.n_settled) as n_settled
    from judged
    inner join {{ ref('int_unit_ancestor') }} as ancestor
        on judged.placement_id = ancestor.placement_id
    inner join {{ ref('int_period_month') }} as period
        on judged.month_idx = period.month_idx
    group by ancestor.unit_code, ancestor.unit_valid_from, period.period_id, judged.basis
),

counted as (
    select
        unit_code,
        unit_valid_from,
        period_id,
        basis,
        cast(n_settled as bigint) as n_settled,
        {% for class in classes %}
        cast(n_{{ class }} as bigint) as n_{{ class }},
        {% endfor %}
        cast(n_early + n_on_day as bigint) as n_in_time,
        cast(n_early + n_on_day + n_late as bigint) as n_classified
    from unit_period
)

select
    unit_code,
    unit_valid_from,
    period_id,
    basis,
    n_settled,
    {% for class in classes %}
    n_{{ class }},
    {% endfor %}
    n_in_time,
    n_classified,
    {{ percent('n_in_time', 'n_classified') }} as in_time_pct
from counted
