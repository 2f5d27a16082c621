with figure as (
    {{ index_figures(['n_forms_answered', 'n_answers', 'n_satisfied', 'index_pct', 'estimate_pct']) }}
),

candidate as (
    select
        unit.basis,
        unit.group_code,
        unit.group_valid_from,
        unit.edition_id,
        unit.instrument_code,
        unit.node_code,
        unit.unit_code,
        unit.unit_valid_from,
        unit.unit_level,
        unit.node_level,
        unit.is_pooled,
        coalesce(figure.n_forms_answered, 0) as n_forms_answered,
        coalesce(figure.n_answers, 0) as n_answers,
        coalesce(figure.n_satisfied, 0) as n_satisfied,
        figure.index_pct,
        coalesce(figure.estimate_pct, figure.index_pct) as ranked_pct,
        coalesce(unit.left_out, case when figure.presentation = 'suppress' then 'suppressed' end) as left_out
    from {{ ref('int_ranking_candidate') }} as unit
    left join figure
        on
            unit.basis = figure.basis
            and unit.unit_code = figure.unit_code
            and unit.unit_valid_from = figure.unit_valid_from
            and unit.edition_id = figure.edition_id
            and unit.instrument_code = figure.instrument_code
            and unit.node_code = figure.node_code
),

ranked as (
    select
        candidate.basis,
        candidate.group_code,
        candidate.group_valid_from,
        candidate.edition_id,
        candidate.instrument_code,
        candidate.node_code,
        candidate.unit_code,
        candidate.unit_valid_from,
        candidate.unit_level,
        candidate.node_level,
        candidate.left_out,
        candidate.is_pooled,
        candidate.n_forms_answered,
        candidate.n_answers,
        candidate.n_satisfied,
        candidate.index_pct,
        candidate.ranked_pct,
        rank() over (
            partition by
                candidate.basis, candidate.group_code, candidate.group_valid_from, candidate.unit_level,
                candidate.edition_id, candidate.instrument_code, candidate.node_code, candidate.left_out
            order by candidate.ranked_pct desc
        ) as index_rank,
        sum(case when candidate.left_out is null then 1 else 0 end) over (
            partition by
                candidate.basis, candidate.group_code, candidate.group_valid_from, candidate.unit_level,
                candidate.edition_id, candidate.instrument_code, candidate.node_code
        ) as n_ranked,
        sum(case when candidate.left_out is null then 0 else 1 end) over (
            partition by
                candidate.basis, candidate.group_code, candidate.group_valid_from, candidate.unit_level,
                candidate.edition_id, candidate.instrument_code, candidate.node_code
        ) as n_left_out
    from candidate
)

select
    ranked.basis,
    ranked.group_code,
    ranked.group_valid_from,
    ranked.edition_id,
    ranked.instrument_code,
    ranked.node_code,
    ranked.unit_code,
    ranked.unit_valid_from,
    ranked.unit_level,
    ranked.node_level,
    ranked.n_forms_answered,
    ranked.n_answers,
    ranked.n_satisfied,
    ranked.index_pct,
    cast(ranked.ranked_pct as double precision) as ranked_pct,
    cast(case when ranked.left_out is null then ranked.index_rank end as bigint) as index_rank,
    cast(ranked.n_ranked as bigint) as n_ranked,
    cast(ranked.n_left_out as bigint) as n_left_out,
    cast(sets.rank_low_marginal as bigint) as rank_low_marginal,
    cast(sets.rank_high_marginal as bigint) as rank_high_marginal,
    cast(sets.rank_low_simultaneous as bigint) as rank_low_simultaneous,
    cast(sets.rank_high_simultaneous as bigint) as rank_high_simultaneous,
    ranked.left_out,
    case
        when ranked.left_out = 'no_data' then 'Không có câu trả lời hợp lệ'
        when ranked.left_out = 'suppressed' then 'Ước lượng chưa đủ độ chính xác để công bố'
        when ranked.left_out = 'ended' then 'Đơn vị không còn thuộc nhóm vào ngày cuối kỳ'
        when ranked.is_pooled = 0
            then 'Chỉ số là bình quân của nhiều phần, không có sai số chuẩn nên không có khoảng thứ hạng'
        when sets.rank_low_marginal is null then 'Quá ít phiếu để tính sai số chuẩn nên không có khoảng thứ hạng'
    end as reason_vi,
    case
        when ranked.left_out = 'no_data' then 'No valid answer'
        when ranked.left_out = 'suppressed' then 'The estimate is not precise enough to be shown'
        when ranked.left_out = 'ended' then 'The unit no longer stood in the group on the last day'
        when ranked.is_pooled = 0
            then 'The index is a mean of several parts and has no standard error: no confidence set'
        when sets.rank_low_marginal is null then 'Too few forms for a standard error: no confidence set'
    end as reason_en,
    sets.method
from ranked
left join {{ source('estimates', 'est_sipas_ranking') }} as sets
    on
        ranked.basis = sets.basis
        and ranked.group_code = sets.group_code
        and ranked.group_valid_from = sets.group_valid_from
        and ranked.edition_id = sets.edition_id
        and ranked.instrument_code = sets.instrument_code
        and ranked.node_code = sets.node_code
        and ranked.unit_code = sets.unit_code
        and ranked.unit_valid_from = sets.unit_valid_from
