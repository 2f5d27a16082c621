-- Of several targets, the one of the unit goes before that of its level and that before one for all; then the one of
-- the nearest node, of the instrument, and the last to begin.
with candidate as (
    select
        criterion.unit_code,
        criterion.unit_valid_from,
        criterion.period_id,
        criterion.instrument_code,
        criterion.node_code,
        target.target_pct,
        row_number() over (
            partition by
                criterion.unit_code, criterion.unit_valid_from, criterion.period_id, criterion.instrument_code,
                criterion.node_code
            order by
                case when target.unit_code is not null then 0 when target.unit_level is not null then 1 else 2 end,
                coalesce(above.step, 4),
                case when target.instrument_code is not null then 0 else 1 end,
                target.first_on desc,
                target.target_pct desc
        ) as choice
    from {{ ref('int_criterion_shortfall') }} as criterion
    inner join {{ ref('dim_reporting_period') }} as period
        on criterion.period_id = period.period_id
    inner join {{ ref('dim_admin_unit') }} as unit
        on criterion.unit_code = unit.unit_code and criterion.unit_valid_from = unit.unit_valid_from
    inner join {{ ref('stg_target') }} as target
        on
            period.ends_on between target.first_on and coalesce(target.last_on, cast('9999-12-31' as date))
            and coalesce(target.unit_code, criterion.unit_code) = criterion.unit_code
            and coalesce(target.unit_level, unit.unit_level) = unit.unit_level
            and coalesce(target.instrument_code, criterion.instrument_code) = criterion.instrument_code
    left join {{ ref('int_item_above') }} as above
        on
            criterion.instrument_code = above.instrument_code
            and criterion.node_code = above.item_code
            and target.node_code = above.node_code
    where target.node_code is null or above.node_code is not null
)

select
    unit_code,
    unit_valid_from,
    period_id,
    instrument_code,
    node_code,
    target_pct
from candidate
where choice = 1
