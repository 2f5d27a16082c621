{#
    numerator / denominator, both whole and not negative, rounded half up to a whole number: the same on every engine, which
    round() of a double is not. NULL where the denominator is 0. Figures of hundredths stay whole until they are shown.
#}
{% macro rounded_ratio(numerator, denominator) -%}
    cast(
        (
            (2 * cast({{ numerator }} as bigint) + cast({{ denominator }} as bigint))
            - mod(
                2 * cast({{ numerator }} as bigint) + cast({{ denominator }} as bigint),
                nullif(2 * cast({{ denominator }} as bigint), 0)
            )
        ) / nullif(2 * cast({{ denominator }} as bigint), 0) as bigint
    )
{%- endmacro %}

{# A whole number of hundredths as a double. #}
{% macro from_hundredths(hundredths) -%}
    cast({{ hundredths }} as double precision) / 100
{%- endmacro %}
