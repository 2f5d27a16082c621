{#
    The records of a dataset that wait for locked periods: what newer deliveries say of them differs, as far as the
    period's end, from what was known when its figures were locked. One row per locked unit and period and record.

    `begins` and `ends` are SQL of the days between which a record takes part in a period's figures (no end: up to now);
    `known` are its values; `happened` pairs of the day and the moment of what takes place later, unknown to a period
    that ends before; `state` is SQL of a state that stands as long as nothing happened after the period's end.
#}
{% macro waiting_records(dataset, begins, ends, known, happened=[], state="''", unit='landed.unit_code') %}
    select
        told.unit_code,
        told.period_id,
        told.record_key,
        max(newest_version.input_id) as newest_input,
        max(case when told.is_now = 1 then told.input_id end) as input_now,
        max(case when told.is_now = 0 then told.input_id end) as input_then,
        case
            when min(told.said) <> max(told.said) then 1
            when max(told.goes_on) = 0 and min(told.state) <> max(told.state) then 1
            else 0
        end as is_changed
    from (
        select
            locked.unit_code,
            locked.period_id,
            landed.record_key,
            landed.input_id,
            version.is_now,
            {% for value in known %}
            coalesce(cast(landed.{{ value }} as text), '~') || '|' ||
            {% endfor %}
            {% for day, moment in happened %}
            coalesce(cast(case when landed.{{ day }} <= locked.ends_on then landed.{{ moment }} end as text), '~') || '|' ||
            {% endfor %}
            case when input.delivery_kind = 'correction' then input.input_id else '' end || '|'
            || cast(coalesce(named.placement_id, unassigned.placement_id) as text) as said,
            {{ state }} as state,
            {% if happened %}
            case
                when
                    {% for day, moment in happened %}
                    landed.{{ day }} > locked.ends_on{{ ' or' if not loop.last }}
                    {% endfor %}
                    then 1
                else 0
            end as goes_on
            {% else %}
            0 as goes_on
            {% endif %}
        from (
            select
                known_then.last_seq,
                landed.record_key,
                max(landed.delivery_seq) as delivery_seq,
                0 as is_now
            from {{ source('landing', dataset) }} as landed
            inner join {{ ref('int_delivery_at_lock') }} as known_then
                on landed.input_id = known_then.input_id
            where landed.record_key in ({{ records_touched_since_a_lock(dataset) }})
            group by known_then.last_seq, landed.record_key
            union all
            select
                lock_seq.last_seq,
                newest.record_key,
                newest.delivery_seq,
                1 as is_now
            from {{ ref('stg_' ~ dataset) }} as newest
            cross join (select distinct each_lock.last_seq from {{ ref('int_locked_period') }} as each_lock) as lock_seq
            where newest.record_key in ({{ records_touched_since_a_lock(dataset) }})
        ) as version
        inner join {{ source('landing', dataset) }} as landed
            on version.record_key = landed.record_key and version.delivery_seq = landed.delivery_seq
        inner join {{ ref('stg_input') }} as input
            on landed.input_id = input.input_id
        {% if 'stated.' in unit ~ ends %}
        left join {{ ref('stg_case') }} as stated
            on landed.case_key = stated.record_key
        {% endif %}
        inner join {{ ref('int_locked_period') }} as locked
            on
                version.last_seq = locked.last_seq
                and {{ begins }} <= locked.ends_on
                and coalesce({{ ends }}, locked.ends_on) >= locked.starts_on
        left join {{ ref('int_unit_path') }} as named
            on {{ unit }} = named.unit_code and {{ begins }} between named.in_force_from and named.in_force_to
        left join {{ ref('int_unit_path') }} as unassigned
            on
                landed.office_code = unassigned.unassigned_of
                and {{ begins }} between unassigned.in_force_from and unassigned.in_force_to
        inner join {{ ref('int_unit_ancestor') }} as ancestor
            on
                coalesce(named.placement_id, unassigned.placement_id) = ancestor.placement_id
                and locked.unit_code = ancestor.unit_code
    ) as told
    left join {{ ref('stg_' ~ dataset) }} as newest_version
        on told.record_key = newest_version.record_key
    group by told.unit_code, told.period_id, told.record_key
{% endmacro %}

{# The keys of records that a delivery since the first lock has brought, or that a replaced one had: few of them all. #}
{% macro records_touched_since_a_lock(dataset) %}
    select any_version.record_key
    from {{ source('landing', dataset) }} as any_version
    inner join {{ ref('stg_input') }} as delivery
        on any_version.input_id = delivery.input_id
    where
        delivery.is_current = 0
        or delivery.delivery_seq > (select min(first_lock.last_seq) from {{ ref('int_locked_period') }} as first_lock)
{% endmacro %}
