{# Schemas carry the names of the layers exactly, without the target's schema in front. #}
{% macro generate_schema_name(custom_schema_name, node) %}
{% do return(custom_schema_name if custom_schema_name else target.schema) %}
{% endmacro %}
