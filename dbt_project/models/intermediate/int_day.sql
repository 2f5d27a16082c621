-- A month of the calendar or of the reporting cycle has at most 31 days.
with day_offset as (
    {% for n in range(31) -%}
    select {{ n }} as n_days
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
)

select
    cast(month.starts_on + day_offset.n_days as date) as day_on,
    month.month_idx,
    month.month_id
from {{ ref('stg_reporting_month') }} as month
cross join day_offset
where month.starts_on + day_offset.n_days <= month.ends_on
