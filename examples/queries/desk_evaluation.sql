-- vi: Đánh giá giải quyết thủ tục hành chính: tổng điểm, xếp loại, hạng và điểm từng chỉ số của mỗi đơn vị.
-- en: Evaluation of the settlement of procedures: total, band, rank and the nine indices of each unit.
-- grain: quarter or year, and unit, every form counting alike
-- caveat: A total that lacks an index is none: points_scored of n_indices is then not to be compared with a full total.
select
    evaluation.period_id,
    evaluation.unit_code,
    unit.unit_name,
    evaluation.unit_valid_from,
    evaluation.n_forms,
    evaluation.n_indices,
    evaluation.points_scored,
    evaluation.total_points,
    evaluation.band_vi,
    evaluation.rank,
    evaluation.n_ranked,
    evaluation.index_1,
    evaluation.index_2,
    evaluation.index_3,
    evaluation.index_4,
    evaluation.index_5,
    evaluation.index_6,
    evaluation.index_7,
    evaluation.index_8,
    evaluation.index_9,
    evaluation.satisfied_pct
from marts.one_stop_evaluation as evaluation
inner join marts.dim_admin_unit as unit
    on evaluation.unit_code = unit.unit_code and evaluation.unit_valid_from = unit.unit_valid_from
where evaluation.weighting = 'forms'
order by 1, 2, 4;
