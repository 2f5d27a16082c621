{#
    The stock at the end of a month, with what was restated, is the opening stock of the next. A stock does not vanish with
    its row, and is restated only where a lock holds the figures of one of the two months.
#}
{% test stock_carries_over(model, keys) %}
with month_stock as (
    select
        mart.{{ keys | join(', mart.') }},
        month.month_idx,
        mart.n_opening,
        mart.n_restated,
        mart.n_pending,
        case when {{ is_held('mart', 'unit_code', 'period_id') }} then 1 else 0 end as is_held,
        max(month.month_idx) over () as last_month_idx
    from {{ model }} as mart
    inner join {{ ref('stg_reporting_month') }} as month
        on mart.period_id = month.month_id
),

carried as (
    select
        closing.{{ keys | join(', closing.') }},
        closing.month_idx,
        closing.n_pending,
        -- The row of a group that held figures had and newer data have not is gone; it counts in the rows of all groups.
        case when opening.month_idx is null then closing.is_held * closing.n_pending else opening.n_opening end
            as n_opening,
        case when opening.month_idx is null then 0 else opening.n_restated end as n_restated,
        closing.is_held + coalesce(opening.is_held, 0) as n_held
    from month_stock as closing
    left join month_stock as opening
        on
            {% for key in keys %}
            closing.{{ key }} = opening.{{ key }} and
            {% endfor %}
            closing.month_idx + 1 = opening.month_idx
    where closing.month_idx < closing.last_month_idx
)

select *
from carried
where n_pending + n_restated <> n_opening or (n_restated <> 0 and n_held = 0)
{% endtest %}
