{#
    The records of a dataset that wait for locked periods: what is known of them now, from newer deliveries, other readings
    of the same, answers to returns and corrections, differs as far as the period's end from what was known when its figures
    were locked. One row per locked unit and period and record.

    `begins` and `ends` are SQL of the days between which a record takes part in a period's figures (no end: up to now);
    `known` are its values, `hashed` whether they are a hash of what was sent, which a correction leaves as it is: of those
    a record whose correction was landed anew counts as changed; `happened` are pairs of the day and the moment of what takes place later, unknown to a period
    that ends before; `state` is SQL of a state that stands as long as nothing happened after the period's end.
#}
{% macro waiting_records(
    dataset, begins, ends, known, happened=[], state="''", unit='landed.unit_code', hashed=false
) %}
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
            case when version.is_now = 1 then landed.input_id else stood.standing_id end as input_id,
            version.is_now,
            {% for value in known %}
            coalesce(cast(landed.{{ value }} as text), '~') || '|' ||
            {% endfor %}
            {% for day, moment in happened %}
            coalesce(cast(case when landed.{{ day }} <= locked.ends_on then landed.{{ moment }} end as text), '~') || '|' ||
            {% endfor %}
            {{ "coalesce(case when corrected.delivery_kind = 'correction' then landed.input_id end, '') ||" if hashed }}
            cast(coalesce(named.placement_id, unassigned.placement_id) as text) as said,
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
                known_then.figures_id,
                landed.record_key,
                max(landed.delivery_seq) as delivery_seq,
                -- A correction stands on a delivery, which is the one to be named.
                max(case when known_then.delivery_kind <> 'correction' then landed.delivery_seq end) as stood_seq,
                0 as is_now
            from {{ source('landing', dataset) }} as landed
            inner join {{ ref('int_delivery_at_lock') }} as known_then
                on landed.input_id = known_then.input_id
            left join (
                select
                    found_then.figures_id,
                    found_then.source,
                    gone.record_key,
                    max(found_then.delivery_seq) as delivery_seq
                from {{ source('landing', 'removed_record') }} as gone
                inner join {{ ref('int_delivery_at_lock') }} as found_then
                    on gone.input_id = found_then.standing_id
                group by found_then.figures_id, found_then.source, gone.record_key
            ) as removed
                on
                    known_then.figures_id = removed.figures_id
                    and landed.record_key = removed.record_key
                    and landed.source = removed.source
                    and landed.delivery_seq <= removed.delivery_seq
            where
                removed.record_key is null
                and landed.record_key in ({{ records_touched_since_a_lock(dataset) }})
            group by known_then.figures_id, landed.record_key
            union all
            select
                held.figures_id,
                newest.record_key,
                newest.delivery_seq,
                newest.delivery_seq as stood_seq,
                1 as is_now
            from {{ ref('stg_' ~ dataset) }} as newest
            cross join (select distinct each_lock.figures_id from {{ ref('int_locked_period') }} as each_lock) as held
            where newest.record_key in ({{ records_touched_since_a_lock(dataset) }})
        ) as version
        inner join {{ source('landing', dataset) }} as landed
            on version.record_key = landed.record_key and version.delivery_seq = landed.delivery_seq
        left join {{ ref('int_delivery_at_lock') }} as stood
            on version.figures_id = stood.figures_id and version.stood_seq = stood.delivery_seq
        {% if hashed %}
        left join (
            select
                delivery.input_id,
                delivery.delivery_kind
            from {{ ref('stg_input') }} as delivery
            union
            select
                at_lock.input_id,
                at_lock.delivery_kind
            from {{ ref('int_delivery_at_lock') }} as at_lock
        ) as corrected
            on landed.input_id = corrected.input_id
        {% endif %}
        {% if 'stated.' in unit ~ ends %}
        left join {{ ref('stg_case') }} as stated
            on landed.case_key = stated.record_key
        {% endif %}
        inner join {{ ref('int_locked_period') }} as locked
            on
                version.figures_id = locked.figures_id
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

{#
    The keys of records that a reading since a lock has brought, or one had that stood then and stands no longer: few of
    them all.
#}
{% macro records_touched_since_a_lock(dataset) %}
    select any_version.record_key
    from {{ source('landing', dataset) }} as any_version
    where any_version.input_id in (
        select delivery.input_id
        from {{ ref('stg_input') }} as delivery
        cross join (select distinct each_lock.figures_id from {{ ref('int_locked_period') }} as each_lock) as held
        left join {{ ref('int_delivery_at_lock') }} as then_there
            on held.figures_id = then_there.figures_id and delivery.input_id = then_there.input_id
        where delivery.is_current = 1 and then_there.input_id is null
        union
        select then_there.input_id
        from {{ ref('int_delivery_at_lock') }} as then_there
        left join {{ ref('stg_input') }} as delivery
            on then_there.input_id = delivery.input_id
        where coalesce(delivery.is_current, 0) = 0
    )
    union all
    select removed.record_key
    from {{ ref('stg_removed_record') }} as removed
{% endmacro %}
