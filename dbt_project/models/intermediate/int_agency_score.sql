{%- set threshold_measures = ['complaints_in_time_pct', 'online_procedures_pct', 'online_filing_pct'] -%}

with quarter_month as (
    select
        period_id as quarter_id,
        month_idx
    from {{ ref('int_period_month') }}
    where period_kind = 'quarter'
),

placed as (
    select
        coalesce(named.placement_id, unassigned.placement_id) as placement_id,
        coalesce(named.unit_code, unassigned.unit_code) as unit_code,
        coalesce(named.unit_valid_from, unassigned.unit_valid_from) as unit_valid_from,
        quarter_month.quarter_id,
        stated.index_code,
        coalesce(stated.verified_score, stated.self_score) as level,
        case when stated.verified_score is not null then 'verified' else 'agency' end as source,
        stated.self_score as self_level,
        stated.verified_score as verified_level,
        stated.evaluated_on,
        stated.record_number,
        stated.input_id,
        stated.sheet,
        stated.line
    from {{ ref('stg_agency_evaluation') }} as stated
    left join {{ ref('int_unit_path') }} as named
        on
            stated.unit_code = named.unit_code
            and stated.evaluated_on between named.in_force_from and named.in_force_to
    left join {{ ref('int_unit_path') }} as unassigned
        on
            stated.office_code = unassigned.unassigned_of
            and stated.evaluated_on between unassigned.in_force_from and unassigned.in_force_to
    inner join {{ ref('int_day') }} as evaluated_day
        on stated.evaluated_on = evaluated_day.day_on
    inner join quarter_month
        on evaluated_day.month_idx = quarter_month.month_idx
    where stated.verified_score is not null or stated.self_score is not null
),

-- Of several scores for one quarter the last stands.
ranked as (
    select
        placement_id,
        unit_code,
        unit_valid_from,
        quarter_id,
        index_code,
        level,
        source,
        self_level,
        verified_level,
        evaluated_on,
        input_id,
        sheet,
        line,
        row_number() over (
            partition by unit_code, unit_valid_from, quarter_id, index_code
            order by evaluated_on desc, record_number desc
        ) as place
    from placed
),

stated as (
    select
        placement_id,
        unit_code,
        unit_valid_from,
        quarter_id,
        index_code,
        level,
        source,
        self_level,
        verified_level,
        evaluated_on,
        input_id,
        sheet,
        line
    from ranked
    where place = 1
),

evaluated as (
    select
        scored.unit_code,
        scored.unit_valid_from,
        scored.quarter_id,
        max(scored.placement_id) as placement_id
    from (
        select
            unit_code,
            unit_valid_from,
            quarter_id,
            placement_id
        from stated
        union all
        select
            form.unit_code,
            form.unit_valid_from,
            quarter_month.quarter_id,
            form.placement_id
        from {{ ref('int_case_evaluation') }} as form
        inner join quarter_month
            on form.month_idx = quarter_month.month_idx
    ) as scored
    group by scored.unit_code, scored.unit_valid_from, scored.quarter_id
),

-- What a unit's own desk did is known of units alone that have none below them.
lowest as (
    select
        evaluated.unit_code,
        evaluated.unit_valid_from,
        evaluated.quarter_id,
        evaluated.placement_id
    from evaluated
    inner join {{ ref('int_unit') }} as unit
        on evaluated.unit_code = unit.unit_code and evaluated.unit_valid_from = unit.unit_valid_from
    where not exists (
        select 1 as found
        from {{ ref('int_unit_ancestor') }} as ancestor
        inner join {{ ref('int_unit_path') }} as path
            on ancestor.placement_id = path.placement_id
        where
            ancestor.unit_code = evaluated.unit_code
            and ancestor.unit_valid_from = evaluated.unit_valid_from
            and path.unit_code <> evaluated.unit_code
            and path.unassigned_of is null
    )
),

limit_of as (
    select
        {% for measure in threshold_measures %}
        max(case when measure = '{{ measure }}' and level = '2' then limit_value end) as {{ measure }}_2,
        max(case when measure = '{{ measure }}' and level = '1' then limit_value end) as {{ measure }}_1,
        {% endfor %}
        count(*) as n_limits
    from {{ ref('stg_one_stop_threshold') }}
),

complaint_quarter as (
    select
        quarter_month.quarter_id,
        quarter_month.month_idx,
        max(quarter_month.month_idx) over (partition by quarter_month.quarter_id) as last_month_idx,
        min(quarter_month.month_idx) over (partition by quarter_month.quarter_id) as first_month_idx
    from quarter_month
    inner join (select distinct month_idx from {{ ref('int_complaint_month') }}) as known
        on quarter_month.month_idx = known.month_idx
),

complaint_total as (
    select
        month.unit_code,
        month.unit_valid_from,
        complaint_quarter.quarter_id,
        sum(month.n_received) as n_received,
        sum(case when month.month_idx = complaint_quarter.first_month_idx then month.n_opening else 0 end) as n_opening,
        sum(month.n_closed_in_time + month.n_closed_in_term) as n_in_time,
        sum(month.n_closed_in_time + month.n_closed_in_term + month.n_closed_late + month.n_closed_past_term)
            as n_judged,
        sum(
            case
                when month.month_idx = complaint_quarter.last_month_idx
                    then month.n_pending_overdue + month.n_pending_past_term
                else 0
            end
        ) as n_dragging
    from {{ ref('int_complaint_month') }} as month
    inner join complaint_quarter
        on month.month_idx = complaint_quarter.month_idx
    where month.channel = '*' and month.class = '*'
    group by month.unit_code, month.unit_valid_from, complaint_quarter.quarter_id
),

-- A unit without a complaint, in a quarter in which others had some, had none.
computed_8 as (
    select
        lowest.placement_id,
        lowest.unit_code,
        lowest.unit_valid_from,
        lowest.quarter_id,
        case
            when coalesce(total.n_received + total.n_opening, 0) = 0 then '2'
            when total.n_dragging > 0 then '0'
            when 100 * total.n_in_time >= limit_of.complaints_in_time_pct_2 * total.n_judged then '2'
            when 100 * total.n_in_time >= limit_of.complaints_in_time_pct_1 * total.n_judged then '1'
            else '0'
        end as level
    from lowest
    cross join limit_of
    inner join (select distinct quarter_id from complaint_quarter) as known
        on lowest.quarter_id = known.quarter_id
    left join complaint_total as total
        on
            lowest.unit_code = total.unit_code
            and lowest.unit_valid_from = total.unit_valid_from
            and lowest.quarter_id = total.quarter_id
),

case_quarter as (
    select
        quarter_month.quarter_id,
        quarter_month.month_idx,
        max(quarter_month.month_idx) over (partition by quarter_month.quarter_id) as last_month_idx
    from quarter_month
    inner join (select distinct month_idx from {{ ref('int_case_month') }}) as known
        on quarter_month.month_idx = known.month_idx
),

filed as (
    select
        month.unit_code,
        month.unit_valid_from,
        case_quarter.quarter_id,
        sum(month.n_received) as n_received,
        sum(month.n_received_online) as n_online
    from {{ ref('int_case_month') }} as month
    inner join case_quarter
        on month.month_idx = case_quarter.month_idx
    where month.procedure_field = '*'
    group by month.unit_code, month.unit_valid_from, case_quarter.quarter_id
),

online_late as (
    select distinct
        online.unit_code,
        online.unit_valid_from,
        case_quarter.quarter_id
    from {{ ref('int_case') }} as online
    inner join case_quarter
        on
            (online.timeliness = 'late' and online.end_month_idx = case_quarter.month_idx)
            or (
                case_quarter.month_idx = case_quarter.last_month_idx
                and online.overdue_from_month_idx <= case_quarter.last_month_idx
                and (online.left_month_idx is null or online.left_month_idx > case_quarter.last_month_idx)
            )
    where online.channel = 'online'
),

offered as (
    select
        count(online_level) as n_stated,
        sum(case when online_level in ('full', 'partial') then 1 else 0 end) as n_online
    from {{ ref('stg_procedure') }}
),

computed_9 as (
    select
        lowest.placement_id,
        lowest.unit_code,
        lowest.unit_valid_from,
        lowest.quarter_id,
        case
            when offered.n_online = 0 or online_late.unit_code is not null then '0'
            when
                100 * offered.n_online >= limit_of.online_procedures_pct_2 * offered.n_stated
                and 100 * filed.n_online >= limit_of.online_filing_pct_2 * filed.n_received
                then '2'
            when
                100 * offered.n_online >= limit_of.online_procedures_pct_1 * offered.n_stated
                and 100 * filed.n_online >= limit_of.online_filing_pct_1 * filed.n_received
                then '1'
            else '0'
        end as level
    from lowest
    cross join limit_of
    cross join offered
    inner join filed
        on
            lowest.unit_code = filed.unit_code
            and lowest.unit_valid_from = filed.unit_valid_from
            and lowest.quarter_id = filed.quarter_id
    left join online_late
        on
            lowest.unit_code = online_late.unit_code
            and lowest.unit_valid_from = online_late.unit_valid_from
            and lowest.quarter_id = online_late.quarter_id
    where offered.n_stated > 0 and filed.n_received > 0
),

computed as (
    select
        placement_id,
        unit_code,
        unit_valid_from,
        quarter_id,
        '8' as index_code,
        level
    from computed_8
    union all
    select
        placement_id,
        unit_code,
        unit_valid_from,
        quarter_id,
        '9' as index_code,
        level
    from computed_9
),

every_score as (
    select
        placement_id,
        unit_code,
        unit_valid_from,
        quarter_id,
        index_code,
        level,
        source,
        self_level,
        verified_level,
        evaluated_on,
        input_id,
        sheet,
        line
    from stated
    union all
    select
        computed.placement_id,
        computed.unit_code,
        computed.unit_valid_from,
        computed.quarter_id,
        computed.index_code,
        computed.level,
        'computed' as source,
        null as self_level,
        null as verified_level,
        null as evaluated_on,
        null as input_id,
        null as sheet,
        null as line
    from computed
    left join stated
        on
            computed.unit_code = stated.unit_code
            and computed.unit_valid_from = stated.unit_valid_from
            and computed.quarter_id = stated.quarter_id
            and computed.index_code = stated.index_code
    where stated.index_code is null
)

select
    every_score.placement_id,
    every_score.unit_code,
    every_score.unit_valid_from,
    every_score.quarter_id,
    every_score.index_code,
    every_score.source,
    cast(standard.points * 100 as bigint) as hundredths,
    cast(self_standard.points * 100 as bigint) as self_hundredths,
    cast(verified_standard.points * 100 as bigint) as verified_hundredths,
    every_score.evaluated_on,
    every_score.input_id,
    every_score.sheet,
    every_score.line
from every_score
inner join {{ ref('stg_one_stop_level') }} as standard
    on every_score.index_code = standard.index_code and every_score.level = standard.level
left join {{ ref('stg_one_stop_level') }} as self_standard
    on every_score.index_code = self_standard.index_code and every_score.self_level = self_standard.level
left join {{ ref('stg_one_stop_level') }} as verified_standard
    on every_score.index_code = verified_standard.index_code and every_score.verified_level = verified_standard.level
