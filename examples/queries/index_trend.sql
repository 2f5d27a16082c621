-- vi: Chỉ số hài lòng chung từng tháng, mức tăng giảm so với kỳ trước, và chỗ đứt quãng do đổi phương pháp.
-- en: Overall index month by month, its change from the month before, and where a break of the method stands.
-- grain: unit, month and questionnaire
-- caveat: Where is_comparable is no, the figures come from two methods (reason_vi): draw no line across.
-- caveat: A change counts only where direction is rise or fall: it is tested over all tests of the table together.
select
    satisfaction.unit_code,
    unit.unit_name,
    satisfaction.unit_valid_from,
    satisfaction.period_id,
    satisfaction.instrument_code,
    satisfaction.n_forms_answered,
    satisfaction.index_pct,
    satisfaction.ci_low_pct,
    satisfaction.ci_high_pct,
    change.previous_edition_id as previous_period_id,
    change.change_pct,
    change.p_adjusted,
    change.direction,
    change.comparable as is_comparable,
    change.reason_vi
from marts.sipas_index as satisfaction
inner join marts.dim_reporting_period as period
    on satisfaction.period_id = period.period_id and period.period_kind = 'month'
inner join marts.dim_admin_unit as unit
    on satisfaction.unit_code = unit.unit_code and satisfaction.unit_valid_from = unit.unit_valid_from
left join marts.sipas_change as change
    on
        satisfaction.unit_code = change.unit_code
        and satisfaction.unit_valid_from = change.unit_valid_from
        and satisfaction.period_id = change.edition_id
        and satisfaction.instrument_code = change.instrument_code
        and satisfaction.node_code = change.node_code
        and change.basis = 'period'
        and change.comparison = 'previous'
where satisfaction.node_level = 'overall'
order by 1, 3, 5, 4;
