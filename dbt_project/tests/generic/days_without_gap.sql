{# The reporting months follow each other without a missing day. #}
{% test days_without_gap(model) %}
select
    min(day_on) as first_day,
    max(day_on) as last_day,
    count(*) as n_days
from {{ model }}
having count(*) <> max(day_on) - min(day_on) + 1
{% endtest %}
