{#
    The indices of both bases under one set of names: reporting periods (sipas_index) and survey rounds (sipas_round, all
    respondents). `columns` are columns that both marts have; the flag of presentation belongs to rounds.
#}
{% macro index_figures(columns) %}
    select
        'period' as basis,
        period_id as edition_id,
        unit_code,
        unit_valid_from,
        instrument_code,
        node_code,
        {% for column in columns %}
        {{ column }},
        {% endfor %}
        cast(null as text) as presentation
    from {{ ref('sipas_index') }}
    union all
    select
        'round' as basis,
        round_code as edition_id,
        unit_code,
        unit_valid_from,
        instrument_code,
        node_code,
        {% for column in columns %}
        {{ column }},
        {% endfor %}
        presentation
    from {{ ref('sipas_round') }}
    where breakdown = '*'
{% endmacro %}
