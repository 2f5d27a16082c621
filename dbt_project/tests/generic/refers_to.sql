{# Every combination of the columns stands in the other model. #}
{% test refers_to(model, columns, to, to_columns) %}
select child.{{ columns | join(', child.') }}
from (select distinct {{ columns | join(', ') }} from {{ model }}) as child
left join {{ to }} as parent
    on
        {% for column in columns %}
        child.{{ column }} = parent.{{ to_columns[loop.index0] }} and
        {% endfor %}
        true
where parent.{{ to_columns[0] }} is null
{% endtest %}
