-- vi: Chỉ số hài lòng chung của từng đơn vị trong kỳ, có khoảng tin cậy 95 % và hạng kèm khoảng hạng.
-- en: Overall satisfaction index of each unit in a period, with its 95 % interval, and the rank with its range.
-- grain: period, unit, questionnaire and the unit above that it is ranked below
-- caveat: Where the unit above was another one within the period, a unit stands twice, with its rank below each.
-- caveat: Units whose rank ranges overlap are not told apart by the survey; do not read the rank alone.
-- caveat: The interval says what chance alone could do; forms taken at the desk are filled in by those who choose to.
select
    satisfaction.period_id,
    satisfaction.unit_code,
    unit.unit_name,
    satisfaction.unit_valid_from,
    unit.unit_level,
    satisfaction.instrument_code,
    satisfaction.n_forms_answered,
    satisfaction.index_pct,
    satisfaction.ci_low_pct,
    satisfaction.ci_high_pct,
    ranking.index_rank,
    ranking.n_ranked,
    ranking.rank_low_simultaneous,
    ranking.rank_high_simultaneous,
    ranking.group_code as ranked_below_code,
    ranking.group_valid_from as ranked_below_valid_from
from marts.sipas_index as satisfaction
inner join marts.dim_admin_unit as unit
    on satisfaction.unit_code = unit.unit_code and satisfaction.unit_valid_from = unit.unit_valid_from
left join marts.sipas_ranking as ranking
    on
        satisfaction.unit_code = ranking.unit_code
        and satisfaction.unit_valid_from = ranking.unit_valid_from
        and satisfaction.period_id = ranking.edition_id
        and satisfaction.instrument_code = ranking.instrument_code
        and satisfaction.node_code = ranking.node_code
        and ranking.basis = 'period'
where satisfaction.node_level = 'overall'
order by 1 asc, 6 asc, 8 desc, 2 asc, 4 asc, 15 asc, 16 asc;
