{#
    Month-level counts of one kind of event: one row per key and month. `counted` gives, per measure, the expression
    that is summed; the other measures are 0, so that the kinds can be stacked.
#}
{% macro count_events(facts, keys, month_column, measures, counted, condition='true') %}
    select
        facts.{{ keys | join(', facts.') }},
        {% for measure in measures %}
        cast({{ 'sum(' ~ counted[measure] ~ ')' if measure in counted else '0' }} as bigint) as {{ measure }},
        {% endfor %}
        facts.{{ month_column }} as month_idx
    from {{ facts }} as facts
    where facts.{{ month_column }} is not null and {{ condition }}
    group by
        facts.{{ keys | join(', facts.') }},
        facts.{{ month_column }}
{% endmacro %}
