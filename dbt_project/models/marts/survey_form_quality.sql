with item_total as (
    select
        unit_code,
        unit_valid_from,
        period_id,
        instrument_code,
        max(n_forms) as n_forms,
        cast(count(*) as bigint) as n_items,
        cast(sum(n_missing) as bigint) as n_missing,
        cast(sum(n_dont_know) as bigint) as n_dont_know
    from {{ ref('sipas_index') }}
    where node_level = 'item'
    group by unit_code, unit_valid_from, period_id, instrument_code
),

straight as (
    select
        ancestor.unit_code,
        ancestor.unit_valid_from,
        period.period_id,
        month.instrument_code,
        cast(sum(month.n_forms_judged) as bigint) as n_forms_judged,
        cast(sum(month.n_forms_straight) as bigint) as n_forms_straight
    from {{ ref('int_survey_straight_month') }} as month
    inner join {{ ref('int_unit_ancestor') }} as ancestor
        on month.placement_id = ancestor.placement_id
    inner join {{ ref('int_period_month') }} as period
        on month.month_idx = period.month_idx
    group by ancestor.unit_code, ancestor.unit_valid_from, period.period_id, month.instrument_code
),

counted as (
    select
        item_total.unit_code,
        item_total.unit_valid_from,
        item_total.period_id,
        item_total.instrument_code,
        item_total.n_forms,
        item_total.n_items,
        item_total.n_forms * item_total.n_items as n_asked,
        item_total.n_missing,
        item_total.n_dont_know,
        coalesce(straight.n_forms_judged, 0) as n_forms_judged,
        coalesce(straight.n_forms_straight, 0) as n_forms_straight
    from item_total
    left join straight
        on
            item_total.unit_code = straight.unit_code
            and item_total.unit_valid_from = straight.unit_valid_from
            and item_total.period_id = straight.period_id
            and item_total.instrument_code = straight.instrument_code
)

select
    unit_code,
    unit_valid_from,
    period_id,
    instrument_code,
    n_items,
    n_forms,
    n_asked,
    n_missing,
    {{ percent('n_missing', 'n_asked') }} as missing_pct,
    n_dont_know,
    {{ percent('n_dont_know', 'n_asked') }} as dont_know_pct,
    n_forms_judged,
    n_forms - n_forms_judged as n_forms_not_judged,
    n_forms_straight,
    {{ percent('n_forms_straight', 'n_forms_judged') }} as straight_pct
from counted
