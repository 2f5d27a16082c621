{# The stock at the end of a month is the opening stock of the next; a stock does not vanish with its row. #}
{% test stock_carries_over(model, keys) %}
with month_stock as (
    select
        mart.{{ keys | join(', mart.') }},
        month.month_idx,
        mart.n_opening,
        mart.n_pending,
        max(month.month_idx) over () as last_month_idx
    from {{ model }} as mart
    inner join {{ ref('stg_reporting_month') }} as month
        on mart.period_id = month.month_id
)

select closing.*
from month_stock as closing
left join month_stock as opening
    on
        {% for key in keys %}
        closing.{{ key }} = opening.{{ key }} and
        {% endfor %}
        closing.month_idx + 1 = opening.month_idx
where closing.month_idx < closing.last_month_idx and closing.n_pending <> coalesce(opening.n_opening, 0)
{% endtest %}
