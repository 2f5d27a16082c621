{# The shares of each group of rows add up to 100, the rounding of published figures apart; a group without shares is left out. #}
{% test shares_add_up(model, share, of) %}
select
    {{ of | join(', ') }},
    sum({{ share }}) as total_pct
from {{ model }}
group by {{ of | join(', ') }}
having abs(sum({{ share }}) - 100) > 0.0001
{% endtest %}
