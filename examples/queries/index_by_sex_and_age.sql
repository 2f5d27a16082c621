-- vi: Chỉ số hài lòng chung theo giới tính và độ tuổi của người trả lời, ở huyện, thành phố.
-- en: Overall index by sex and age of the respondents, for districts and cities.
-- grain: period, unit above communes, questionnaire, breakdown and its value (~ not said)
-- caveat: For analysts only: groups of few forms stand here unhidden; quote none on fewer than 10 forms.
-- caveat: Groups that differ within their intervals do not differ by this survey.
select
    grouped.period_id,
    grouped.unit_code,
    unit.unit_name,
    grouped.unit_valid_from,
    grouped.instrument_code,
    grouped.breakdown,
    grouped.breakdown_value,
    grouped.n_forms_answered,
    grouped.index_pct,
    grouped.ci_low_pct,
    grouped.ci_high_pct
from marts.sipas_index_breakdown as grouped
inner join marts.dim_admin_unit as unit
    on grouped.unit_code = unit.unit_code and grouped.unit_valid_from = unit.unit_valid_from
where
    grouped.node_level = 'overall'
    and grouped.breakdown in ('sex', 'age_band')
    and unit.unit_level in ('district', 'province')
order by 1, 2, 4, 5, 6, 7;
