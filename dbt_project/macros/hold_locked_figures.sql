{#
    What a lock does to a mart, as hooks after it is built: the rows of a locked unit and period give way to the figures
    that were published when it was locked, so that neither newer data nor another version of a method changes them.
    Marts whose figures are held are those with a table landing.locked_<mart>; which columns name unit and period is
    the rule of assets/periods/figures.py.
#}

{# A condition that holds for rows of `relation` whose figures a lock holds. #}
{% macro is_held(relation, unit_column, period_column) %}
exists (
    select 1
    from {{ source('landing', 'period_state') }} as held
    where
        held.is_held = 1
        and held.period_id = {{ relation }}.{{ period_column }}
        and {{ relation }}.{{ unit_column }} in (held.unit_code, held.unit_code || '~')
)
{% endmacro %}

{% macro drop_figures_of_locked_periods() %}
    {%- set keys = locked_by() -%}
    {%- if keys is not none %}
    delete from {{ this }}
    where {{ is_held(this.identifier, keys[0], keys[1]) }} {{ "and basis = 'period'" if keys[1] == 'edition_id' }}
    {%- endif -%}
{% endmacro %}

{% macro insert_locked_figures() %}
    {%- set keys = locked_by() -%}
    {%- if keys is not none %}
    {%- set figures = locked_relation() -%}
    {%- set known = adapter.get_columns_in_relation(figures) | map(attribute='name') | list -%}
    {%- set columns = [] -%}
    {%- for column in adapter.get_columns_in_relation(this) if column.name in known %}
    {%- do columns.append(column.name) -%}
    {%- endfor %}
    insert into {{ this }} ({{ columns | join(', ') }})
    select figures.{{ columns | join(', figures.') }}
    from {{ figures }} as figures
    where {{ is_held('figures', keys[0], keys[1]) }}
    {%- endif -%}
{% endmacro %}

{# The columns that name whose figures a row of this mart holds, and of which period; none where no lock holds any. #}
{% macro locked_by() %}
    {%- if not execute or locked_relation() is none -%}
    {{ return(none) }}
    {%- endif -%}
    {%- set names = adapter.get_columns_in_relation(this) | map(attribute='name') | list -%}
    {%- set unit = 'group_code' if 'group_code' in names else 'unit_code' -%}
    {{ return((unit, 'period_id' if 'period_id' in names else 'edition_id')) }}
{% endmacro %}

{% macro locked_relation() %}
    {{ return(adapter.get_relation(this.database, 'landing', 'locked_' ~ this.identifier)) }}
{% endmacro %}

{#
    Fills n_restated after locked figures have taken their places: what a period opens with beyond what the period
    before it, of the same length, closed with. Without locks the two are one stock and it is 0.
#}
{% macro restate_opening_stock(keys) %}
    update {{ this }}
    set n_restated = restated.n_restated
    from (
        select
            {% for key in keys %}
            opening.{{ key }},
            {% endfor %}
            opening.period_id,
            opening.n_opening - coalesce(closing.n_pending, 0) as n_restated
        from {{ this }} as opening
        inner join {{ ref('dim_reporting_period') }} as period
            on opening.period_id = period.period_id
        inner join {{ ref('dim_reporting_period') }} as previous
            on period.period_kind = previous.period_kind and period.starts_on = previous.ends_on + 1
        left join {{ this }} as closing
            on
                {% for key in keys %}
                opening.{{ key }} = closing.{{ key }} and
                {% endfor %}
                closing.period_id = previous.period_id
    ) as restated
    where
        {% for key in keys %}
        {{ this.identifier }}.{{ key }} = restated.{{ key }} and
        {% endfor %}
        {{ this.identifier }}.period_id = restated.period_id
        and {{ this.identifier }}.n_restated <> restated.n_restated
{% endmacro %}
