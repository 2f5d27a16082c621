{# The condition holds in every row; one that is unknown fails as well. #}
{% test every_row(model, condition) %}
select *
from {{ model }}
where not coalesce({{ condition }}, false)
{% endtest %}
