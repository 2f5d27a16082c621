{# What a form says of its respondent, by which indices are broken down. #}
{% macro survey_breakdowns() %}
{% do return(['sex', 'age_band', 'education', 'occupation', 'residence', 'channel', 'procedure_field']) %}
{% endmacro %}

{#
    The grouping sets of `keys` alone and of `keys` with one breakdown each. Breakdown columns hold '~' where nothing was
    stated, so that NULL says that a row is not broken down by them.
#}
{% macro breakdown_sets(keys) %}
    grouping sets (
        ({{ keys | join(', ') }})
        {%- for breakdown in survey_breakdowns() %},
        ({{ keys | join(', ') }}, {{ breakdown }})
        {%- endfor %}
    )
{% endmacro %}

{# The name and the value of the breakdown that a row of `breakdown_sets` has; '*' for both where it has none. #}
{% macro breakdown_columns() %}
    case
        {%- for breakdown in survey_breakdowns() %}
        when {{ breakdown }} is not null then '{{ breakdown }}'
        {%- endfor %}
        else '*'
    end as breakdown,
    coalesce({{ survey_breakdowns() | join(', ') }}, '*') as breakdown_value
{% endmacro %}
