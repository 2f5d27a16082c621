{# Fewest complete forms for Cronbach's alpha: two are always on one line, whatever people think. #}
{% macro alpha_least_forms() %}
{% do return(3) %}
{% endmacro %}

{# Fewest answers on a form looked at for straight-lining: a few equal answers come about by themselves. #}
{% macro straight_line_least_answers() %}
{% do return(5) %}
{% endmacro %}
