{#
    Exact median and 90th percentile of working days per unit, reporting period and key, from counts of records per
    placement, month and number of days: a percentile of a year does not follow from those of its months. Each is the
    smallest number of days that at least that share of the records stays within, so it is a whole number of days and the
    same on every engine. `counts` names a CTE with placement_id, the keys, month_idx, working_days and n_records; each
    entry of `groupings` gives the keys' expressions, '*' standing for all.
#}
{% macro duration_quantiles(counts, keys, groupings) %}
    select
        unit_code,
        unit_valid_from,
        period_id,
        {{ keys | join(', ') }},
        cast(max(n_all) as bigint) as n_working_days,
        cast(min(case when 2 * n_within >= n_all then working_days end) as bigint) as working_days_median,
        cast(min(case when 10 * n_within >= 9 * n_all then working_days end) as bigint) as working_days_p90
    from (
        select
            unit_code,
            unit_valid_from,
            period_id,
            {{ keys | join(', ') }},
            working_days,
            sum(n_records) over (
                partition by unit_code, unit_valid_from, period_id, {{ keys | join(', ') }}
                order by working_days rows between unbounded preceding and current row
            ) as n_within,
            sum(n_records) over (
                partition by unit_code, unit_valid_from, period_id, {{ keys | join(', ') }}
            ) as n_all
        from (
            select
                unit_month.unit_code,
                unit_month.unit_valid_from,
                period.period_id,
                unit_month.{{ keys | join(', unit_month.') }},
                unit_month.working_days,
                sum(unit_month.n_records) as n_records
            from (
                select
                    ancestor.unit_code,
                    ancestor.unit_valid_from,
                    grouped.{{ keys | join(', grouped.') }},
                    grouped.working_days,
                    grouped.month_idx,
                    sum(grouped.n_records) as n_records
                from (
                    {%- for expressions in groupings %}
                    select
                        placement_id,
                        {% for key in keys %}
                        {{ expressions[loop.index0] }} as {{ key }},
                        {% endfor %}
                        working_days,
                        month_idx,
                        n_records
                    from {{ counts }}
                    {%- if not loop.last %}
                    union all
                    {%- endif %}
                    {%- endfor %}
                ) as grouped
                inner join {{ ref('int_unit_ancestor') }} as ancestor
                    on grouped.placement_id = ancestor.placement_id
                group by
                    ancestor.unit_code,
                    ancestor.unit_valid_from,
                    grouped.{{ keys | join(', grouped.') }},
                    grouped.working_days,
                    grouped.month_idx
            ) as unit_month
            inner join {{ ref('int_period_month') }} as period
                on unit_month.month_idx = period.month_idx
            group by
                unit_month.unit_code,
                unit_month.unit_valid_from,
                period.period_id,
                unit_month.{{ keys | join(', unit_month.') }},
                unit_month.working_days
        ) as unit_period
    ) as ranked
    group by
        unit_code,
        unit_valid_from,
        period_id,
        {{ keys | join(', ') }}
{% endmacro %}
