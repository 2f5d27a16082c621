{%- set sources = {
    'case': ['2.1', '2.2', '3.3', '3.6', '4.1', '4.2', '4.3', '5.4'],
    'complaint': ['5.1a', '5.1b', '5.3'],
} -%}

-- A period whose last months have no data yet is counted up to the last one that has.
with covered as (
    {%- for subject in sources %}
    select
        '{{ subject }}' as subject,
        period.period_id,
        period.month_idx,
        max(period.month_idx) over (partition by period.period_id) as last_month_idx
    from {{ ref('int_period_month') }} as period
    inner join (select distinct month_idx from {{ ref('int_' ~ subject ~ '_month') }}) as known
        on period.month_idx = known.month_idx
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

-- What ended counts in each month, what is open as it stood at the end of the last.
record_item as (
    select
        ancestor.unit_code,
        ancestor.unit_valid_from,
        covered.period_id,
        month.item_code,
        sum(month.numerator) as numerator,
        sum(month.n_denominator) as n_denominator,
        sum(month.n_left_out) as n_left_out
    from {{ ref('int_service_quality_month') }} as month
    inner join covered
        on
            month.month_idx = covered.month_idx
            and (month.stage = 'ended' or month.month_idx = covered.last_month_idx)
            and covered.subject = case when month.item_code in ('5.1a', '5.1b', '5.3') then 'complaint' else 'case' end
    inner join {{ ref('int_unit_ancestor') }} as ancestor
        on month.placement_id = ancestor.placement_id
    group by ancestor.unit_code, ancestor.unit_valid_from, covered.period_id, month.item_code
),

process_limit as (
    select count(*) as n_limits
    from {{ ref('stg_complaint_limit') }}
    where step = 'process'
),

complaint_item as (
    select
        month.unit_code,
        month.unit_valid_from,
        covered.period_id,
        '5.2' as item_code,
        sum(
            month.n_closed_in_time + month.n_closed_in_term
            + case
                when month.month_idx < covered.last_month_idx then 0
                else month.n_pending - month.n_pending_overdue - month.n_pending_past_term
            end
            - case
                when month.month_idx < covered.last_month_idx or process_limit.n_limits > 0 then 0
                else month.n_pending_no_due_date
            end
        ) as numerator,
        sum(
            month.n_closed_in_time + month.n_closed_in_term + month.n_closed_late + month.n_closed_past_term
            + case when month.month_idx < covered.last_month_idx then 0 else month.n_pending end
            - case
                when month.month_idx < covered.last_month_idx or process_limit.n_limits > 0 then 0
                else month.n_pending_no_due_date
            end
        ) as n_denominator,
        sum(
            month.n_closed - month.n_closed_in_time - month.n_closed_in_term - month.n_closed_late
            - month.n_closed_past_term + month.n_unplaced_no_end + month.n_unplaced_end_before_start
            + case
                when month.month_idx < covered.last_month_idx or process_limit.n_limits > 0 then 0
                else month.n_pending_no_due_date
            end
        ) as n_left_out
    from {{ ref('int_complaint_month') }} as month
    inner join covered
        on month.month_idx = covered.month_idx and covered.subject = 'complaint'
    cross join process_limit
    where month.channel = '*' and month.class = '*'
    group by month.unit_code, month.unit_valid_from, covered.period_id
),

offered as (
    select
        code,
        online_level
    from {{ ref('stg_procedure') }}
),

offer_count as (
    select
        sum(case when online_level in ('full', 'partial') then 1 else 0 end) as n_online,
        sum(case when online_level is null then 1 else 0 end) as n_unstated
    from offered
),

service_item as (
    select
        ancestor.unit_code,
        ancestor.unit_valid_from,
        covered.period_id,
        '3.2' as item_code,
        count(distinct case when received.channel = 'online' then offered.code end) as numerator,
        max(offer_count.n_online) as n_denominator,
        max(offer_count.n_unstated) as n_left_out
    from {{ ref('int_case') }} as received
    inner join covered
        on received.received_month_idx = covered.month_idx and covered.subject = 'case'
    inner join {{ ref('int_unit_ancestor') }} as ancestor
        on received.placement_id = ancestor.placement_id
    left join offered
        on received.procedure_code = offered.code and offered.online_level in ('full', 'partial')
    cross join offer_count
    where received.flow_status = 'placed' and offer_count.n_online > 0
    group by ancestor.unit_code, ancestor.unit_valid_from, covered.period_id
),

every_item as (
    select
        unit_code,
        unit_valid_from,
        period_id,
        item_code,
        cast(numerator as bigint) as numerator,
        cast(n_denominator as bigint) as n_denominator,
        cast(n_left_out as bigint) as n_left_out
    from record_item
    union all
    select
        unit_code,
        unit_valid_from,
        period_id,
        item_code,
        cast(numerator as bigint) as numerator,
        cast(n_denominator as bigint) as n_denominator,
        cast(n_left_out as bigint) as n_left_out
    from complaint_item
    where n_denominator + n_left_out > 0
    union all
    select
        unit_code,
        unit_valid_from,
        period_id,
        item_code,
        cast(numerator as bigint) as numerator,
        cast(n_denominator as bigint) as n_denominator,
        cast(n_left_out as bigint) as n_left_out
    from service_item
),

standard as (
    select
        every_item.unit_code,
        every_item.unit_valid_from,
        every_item.period_id,
        item.item_group,
        every_item.item_code,
        item.label_vi,
        item.label_en,
        every_item.numerator,
        every_item.n_denominator,
        every_item.n_left_out,
        item.maximum_points,
        coalesce(item.threshold_pct, 100) as threshold_pct,
        case when every_item.item_code = '3.3' then coalesce(given.rate_pct, 100) else 100 end as rate_of_sync,
        case
            when every_item.item_code = '3.3' and given.rate_pct is null then 'synchronisation_assumed'
            when every_item.item_code = '3.3' then 'synchronisation_given'
            when every_item.item_code = '3.2' then 'procedures_of_workspace'
            when every_item.item_code = '2.2' then 'working_days'
        end as note
    from every_item
    inner join {{ ref('stg_service_quality_item') }} as item
        on every_item.item_code = item.item_code
    left join {{ ref('stg_synchronisation_rate') }} as given
        on every_item.unit_code = given.unit_code and every_item.period_id = given.period_id
)

select
    unit_code,
    unit_valid_from,
    period_id,
    item_code,
    item_group,
    label_vi as item_vi,
    label_en as item_en,
    numerator,
    n_denominator,
    n_left_out,
    case when item_code <> '2.2' then {{ percent('numerator * rate_of_sync / 100', 'n_denominator') }} end as rate_pct,
    case when item_code = '2.2' then {{ percent('numerator / 100.0', 'n_denominator') }} end as mean_days,
    case when item_code = '3.3' then cast(rate_of_sync as double precision) end as synchronisation_pct,
    cast(maximum_points as double precision) as maximum_points,
    cast(threshold_pct as double precision) as threshold_pct,
    case
        when item_code <> '2.2' and maximum_points is not null and n_denominator > 0
            then
                {{ from_hundredths(
                    'least(' ~ rounded_ratio(
                        'numerator * cast(maximum_points * 100 as bigint) * cast(rate_of_sync * 10000 as bigint)',
                        'n_denominator * cast(threshold_pct * 10000 as bigint)'
                    ) ~ ', cast(maximum_points * 100 as bigint))'
                ) }}
    end as points,
    note
from standard
