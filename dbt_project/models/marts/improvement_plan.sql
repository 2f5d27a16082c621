with bears as (
    select
        above.instrument_code,
        above.item_code,
        max(case when evidence.kind = 'complaint' then 1 else 0 end) as on_complaints,
        max(case when evidence.kind = 'complaint_late' then 1 else 0 end) as on_late_complaints,
        max(case when evidence.kind = 'case_late' then 1 else 0 end) as on_late_cases
    from {{ ref('stg_criterion_evidence') }} as evidence
    inner join {{ ref('int_item_above') }} as above
        on evidence.instrument_code = above.instrument_code and evidence.node_code = above.node_code
    group by above.instrument_code, above.item_code
),

counted as (
    select
        unit_code,
        unit_valid_from,
        period_id,
        instrument_code,
        node_code,
        sum(case when kind = 'complaint' then n_records else 0 end) as n_complaints,
        sum(case when kind = 'complaint_late' then n_records else 0 end) as n_complaints_late,
        sum(case when kind = 'case_late' then n_records else 0 end) as n_cases_late
    from {{ ref('int_criterion_evidence') }}
    group by unit_code, unit_valid_from, period_id, instrument_code, node_code
),

responsible as (
    select
        above.instrument_code,
        above.item_code,
        responsibility.lead_vi,
        responsibility.lead_en,
        responsibility.executing_vi,
        responsibility.executing_en,
        row_number() over (partition by above.instrument_code, above.item_code order by above.step) as choice
    from {{ ref('stg_responsibility') }} as responsibility
    inner join {{ ref('int_item_above') }} as above
        on responsibility.instrument_code = above.instrument_code and responsibility.node_code = above.node_code
),

-- A fall goes before other comparisons, the one with the period right before goes before the one with the year before.
compared as (
    select
        unit_code,
        unit_valid_from,
        edition_id as period_id,
        instrument_code,
        node_code,
        previous_edition_id,
        change_pct,
        p_adjusted,
        direction,
        row_number() over (
            partition by unit_code, unit_valid_from, edition_id, instrument_code, node_code
            order by case direction when 'fall' then 0 else 1 end, comparison, previous_edition_id
        ) as choice
    from {{ ref('sipas_change') }}
    where basis = 'period'
),

judged as (
    select
        criterion.unit_code,
        criterion.unit_valid_from,
        criterion.period_id,
        criterion.instrument_code,
        criterion.node_code,
        criterion.n_forms_answered,
        criterion.n_answers,
        criterion.n_satisfied,
        criterion.index_pct,
        target.target_pct,
        criterion.contribution_pct,
        criterion.contribution_rank,
        compared.previous_edition_id,
        compared.change_pct,
        compared.p_adjusted,
        compared.direction,
        case when compared.direction = 'fall' then 1 else 0 end as is_falling,
        case when 100 * criterion.n_satisfied < target.target_pct * criterion.n_answers then 1 else 0 end as is_below
    from {{ ref('int_criterion_shortfall') }} as criterion
    left join {{ ref('int_node_target') }} as target
        on
            criterion.unit_code = target.unit_code
            and criterion.unit_valid_from = target.unit_valid_from
            and criterion.period_id = target.period_id
            and criterion.instrument_code = target.instrument_code
            and criterion.node_code = target.node_code
    left join compared
        on
            criterion.unit_code = compared.unit_code
            and criterion.unit_valid_from = compared.unit_valid_from
            and criterion.period_id = compared.period_id
            and criterion.instrument_code = compared.instrument_code
            and criterion.node_code = compared.node_code
            and compared.choice = 1
)

select
    judged.unit_code,
    judged.unit_valid_from,
    judged.period_id,
    judged.instrument_code,
    judged.node_code,
    case
        when judged.is_falling = 0 then 'below_target'
        when judged.is_below = 0 then 'falling'
        else 'both'
    end as reason,
    judged.n_forms_answered,
    judged.n_answers,
    judged.n_satisfied,
    judged.index_pct,
    cast(estimate.ci_low_pct as double precision) as ci_low_pct,
    cast(estimate.ci_high_pct as double precision) as ci_high_pct,
    cast(judged.target_pct as double precision) as target_pct,
    cast(judged.target_pct as double precision) - judged.index_pct as gap_pct,
    judged.previous_edition_id as previous_period_id,
    judged.change_pct,
    judged.p_adjusted,
    judged.direction as change_direction,
    judged.contribution_pct,
    judged.contribution_rank,
    cast(case when bears.on_complaints = 1 then coalesce(counted.n_complaints, 0) end as bigint) as n_complaints,
    cast(case when bears.on_late_complaints = 1 then coalesce(counted.n_complaints_late, 0) end as bigint)
        as n_complaints_late,
    cast(case when bears.on_late_cases = 1 then coalesce(counted.n_cases_late, 0) end as bigint) as n_cases_late,
    responsible.lead_vi,
    responsible.lead_en,
    responsible.executing_vi,
    responsible.executing_en
from judged
left join {{ ref('sipas_index') }} as estimate
    on
        judged.unit_code = estimate.unit_code
        and judged.unit_valid_from = estimate.unit_valid_from
        and judged.period_id = estimate.period_id
        and judged.instrument_code = estimate.instrument_code
        and judged.node_code = estimate.node_code
left join bears
    on judged.instrument_code = bears.instrument_code and judged.node_code = bears.item_code
left join counted
    on
        judged.unit_code = counted.unit_code
        and judged.unit_valid_from = counted.unit_valid_from
        and judged.period_id = counted.period_id
        and judged.instrument_code = counted.instrument_code
        and judged.node_code = counted.node_code
left join responsible
    on
        judged.instrument_code = responsible.instrument_code
        and judged.node_code = responsible.item_code
        and responsible.choice = 1
where judged.is_below = 1 or judged.is_falling = 1
