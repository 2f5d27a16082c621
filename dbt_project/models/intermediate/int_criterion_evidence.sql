-- A complaint that several rows of the reference table match for one criterion counts once.
with bearing as (
    select distinct
        above.instrument_code,
        above.item_code,
        evidence.kind,
        evidence.complaint_class,
        evidence.complaint_topic
    from {{ ref('stg_criterion_evidence') }} as evidence
    inner join {{ ref('int_item_above') }} as above
        on evidence.instrument_code = above.instrument_code and evidence.node_code = above.node_code
),

complaint_event as (
    select
        'complaint' as kind,
        placement_id,
        received_month_idx as month_idx,
        class,
        coalesce(topic, '~') as topic
    from {{ ref('int_complaint') }}
    where flow_status = 'placed'
    union all
    select
        'complaint_late' as kind,
        placement_id,
        end_month_idx as month_idx,
        class,
        coalesce(topic, '~') as topic
    from {{ ref('int_complaint') }}
    where flow_status = 'placed' and timeliness = 'late'
),

complaint_count as (
    select
        event.kind,
        ancestor.unit_code,
        ancestor.unit_valid_from,
        period.period_id,
        event.class,
        event.topic,
        count(*) as n_records
    from complaint_event as event
    inner join {{ ref('int_unit_ancestor') }} as ancestor
        on event.placement_id = ancestor.placement_id
    inner join {{ ref('int_period_month') }} as period
        on event.month_idx = period.month_idx
    group by
        event.kind, ancestor.unit_code, ancestor.unit_valid_from, period.period_id, event.class, event.topic
),

complaint_group as (
    select distinct
        kind,
        class,
        topic
    from complaint_count
),

bearing_group as (
    select distinct
        bearing.instrument_code,
        bearing.item_code,
        bearing.kind,
        counted.class,
        counted.topic
    from bearing
    inner join complaint_group as counted
        on
            bearing.kind = counted.kind
            and coalesce(bearing.complaint_class, counted.class) = counted.class
            and coalesce(bearing.complaint_topic, counted.topic) = counted.topic
),

case_item as (
    select distinct
        instrument_code,
        item_code
    from bearing
    where kind = 'case_late'
),

covered as (
    select
        period.period_id,
        period.month_idx,
        max(period.month_idx) over (partition by period.period_id) as last_month_idx
    from {{ ref('int_period_month') }} as period
    inner join (select distinct month_idx from {{ ref('int_case_month') }}) as month
        on period.month_idx = month.month_idx
),

-- As case_settlement counts them: settled late in the period, and past their due date at its end.
case_count as (
    select
        month.unit_code,
        month.unit_valid_from,
        covered.period_id,
        sum(
            month.n_settled_late
            + case when covered.month_idx = covered.last_month_idx then month.n_pending_overdue else 0 end
        ) as n_records
    from {{ ref('int_case_month') }} as month
    inner join covered
        on month.month_idx = covered.month_idx
    where month.procedure_field = '*'
    group by month.unit_code, month.unit_valid_from, covered.period_id
)

select
    counted.unit_code,
    counted.unit_valid_from,
    counted.period_id,
    bearing_group.instrument_code,
    bearing_group.item_code as node_code,
    counted.kind,
    counted.class,
    counted.topic,
    cast(counted.n_records as bigint) as n_records
from complaint_count as counted
inner join bearing_group
    on counted.kind = bearing_group.kind and counted.class = bearing_group.class and counted.topic = bearing_group.topic
union all
select
    late.unit_code,
    late.unit_valid_from,
    late.period_id,
    case_item.instrument_code,
    case_item.item_code as node_code,
    'case_late' as kind,
    '*' as class,
    '*' as topic,
    cast(late.n_records as bigint) as n_records
from case_count as late
cross join case_item
where late.n_records > 0
