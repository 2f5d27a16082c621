-- vi: Tiêu chí chưa đạt mục tiêu hoặc giảm, cách mục tiêu bao nhiêu, ai chủ trì và ai thực hiện.
-- en: Criteria below their target or falling, how far below, who leads and who carries out.
-- grain: period, unit, questionnaire and criterion
-- caveat: A gap within the interval may be chance; contribution_pct is what closing it gives the overall index.
select
    plan.period_id,
    plan.unit_code,
    unit.unit_name,
    plan.unit_valid_from,
    plan.instrument_code,
    plan.node_code,
    item.label_vi as criterion_vi,
    plan.reason,
    plan.n_answers,
    plan.index_pct,
    plan.ci_low_pct,
    plan.ci_high_pct,
    plan.target_pct,
    plan.gap_pct,
    plan.contribution_pct,
    plan.contribution_rank,
    plan.n_complaints,
    plan.lead_vi,
    plan.executing_vi
from marts.improvement_plan as plan
inner join marts.dim_admin_unit as unit
    on plan.unit_code = unit.unit_code and plan.unit_valid_from = unit.unit_valid_from
left join marts.dim_instrument_item as item
    on plan.instrument_code = item.instrument_code and plan.node_code = item.node_code
order by 1, 2, 4, 5, 16, 6;
