-- vi: Hồ sơ quá hạn từng tháng theo lĩnh vực và số ngày quá hạn, kèm số hồ sơ chưa được xin lỗi.
-- en: Overdue cases of each month by field and days late, with those that are owed an apology.
-- grain: month, unit, field and band of days late
-- caveat: A case that stays open and overdue is listed in every month, so months must not be added up.
-- caveat: Days are calendar days after the due day, to the end of the month for cases still open.
with overdue as (
    select
        unit_code,
        unit_valid_from,
        period_id,
        procedure_field,
        days_late,
        overdue_status,
        apology_status,
        case
            when days_late <= 5 then '01-05'
            when days_late <= 15 then '06-15'
            when days_late <= 30 then '16-30'
            else '31+'
        end as days_late_band
    from marts.case_overdue
),

counted as (
    select
        unit_code,
        unit_valid_from,
        period_id,
        procedure_field,
        days_late_band,
        count(*) as n_cases,
        sum(case when overdue_status = 'pending_overdue' then 1 else 0 end) as n_still_open,
        sum(case when apology_status = 'owed' then 1 else 0 end) as n_apology_owed,
        max(days_late) as days_late_max
    from overdue
    group by 1, 2, 3, 4, 5
)

select
    counted.period_id,
    counted.unit_code,
    unit.unit_name,
    counted.unit_valid_from,
    counted.procedure_field,
    counted.days_late_band,
    counted.n_cases,
    counted.n_still_open,
    counted.n_apology_owed,
    counted.days_late_max
from counted
inner join marts.dim_admin_unit as unit
    on counted.unit_code = unit.unit_code and counted.unit_valid_from = unit.unit_valid_from
order by 1, 2, 4, 5, 6;
