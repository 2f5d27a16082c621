-- vi: Chỉ số tăng hoặc giảm có ý nghĩa thống kê so với kỳ trước, kèm khoảng tin cậy của mức thay đổi.
-- en: Indices that rose or fell significantly against the period before, with the interval of the change.
-- grain: period, unit, questionnaire, node and kind of comparison
-- caveat: p_adjusted allows for all n_tests together; what is not listed showed no change, no proof that there is none.
select
    change.edition_id as period_id,
    change.unit_code,
    unit.unit_name,
    change.unit_valid_from,
    change.instrument_code,
    change.node_code,
    item.label_vi as node_vi,
    change.comparison,
    change.previous_edition_id as previous_period_id,
    change.n_forms_answered_before,
    change.n_forms_answered,
    change.previous_index_pct,
    change.index_pct,
    change.change_pct,
    change.ci_low_pct,
    change.ci_high_pct,
    change.p_adjusted,
    change.n_tests,
    change.direction
from marts.sipas_change as change
inner join marts.dim_admin_unit as unit
    on change.unit_code = unit.unit_code and change.unit_valid_from = unit.unit_valid_from
left join marts.dim_instrument_item as item
    on change.instrument_code = item.instrument_code and change.node_code = item.node_code
where change.basis = 'period' and change.direction in ('rise', 'fall')
order by 1, 2, 4, 5, 6, 8, 9;
