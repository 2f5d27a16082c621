{# 100 * numerator / denominator as a double rounded to 10 decimals; NULL where the denominator is 0. #}
{% macro percent(numerator, denominator) %}
{% do return(adapter.dispatch('percent', 'sipas')(numerator, denominator)) %}
{% endmacro %}

{% macro default__percent(numerator, denominator) %}
    round(cast(100 * {{ numerator }} as double precision) / nullif({{ denominator }}, 0), 10)
{% endmacro %}

{# PostgreSQL rounds to a scale only as numeric. #}
{% macro postgres__percent(numerator, denominator) %}
    cast(round(cast(100 * {{ numerator }} as numeric) / nullif({{ denominator }}, 0), 10) as double precision)
{% endmacro %}
