-- vi: Số ngày làm việc giải quyết hồ sơ theo lĩnh vực: trung vị và mức mà 90 % số hồ sơ không vượt quá.
-- en: Working days to settle a case by field: the median, and what 90 % of the cases did not exceed.
-- grain: period, unit and field (* for all)
-- caveat: The days an applicant took to complete the file are taken off; cases where they are not known are left out.
-- caveat: Medians of fields or units must not be averaged.
select
    settlement.period_id,
    settlement.unit_code,
    unit.unit_name,
    settlement.unit_valid_from,
    settlement.procedure_field,
    settlement.n_settled,
    settlement.n_working_days as n_measured,
    settlement.working_days_median,
    settlement.working_days_p90,
    settlement.n_in_time,
    settlement.n_with_due_date,
    settlement.in_time_pct
from marts.case_settlement as settlement
inner join marts.dim_admin_unit as unit
    on settlement.unit_code = unit.unit_code and settlement.unit_valid_from = unit.unit_valid_from
where settlement.n_working_days > 0
order by 1, 2, 4, 5;
