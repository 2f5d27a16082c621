with figure as (
    {{ index_figures(['node_level', 'n_forms_answered', 'n_answers', 'n_satisfied', 'index_pct']) }}
),

changed as (
    select
        pair.basis,
        pair.unit_code,
        pair.unit_valid_from,
        pair.instrument_code,
        pair.node_code,
        pair.edition_id,
        pair.previous_edition_id,
        later.node_level,
        pair.comparison,
        pair.previous_instrument_code,
        pair.previous_node_code,
        later.n_forms_answered,
        later.n_answers,
        later.n_satisfied,
        later.index_pct,
        earlier.n_forms_answered as n_forms_answered_before,
        earlier.n_answers as n_answers_before,
        earlier.n_satisfied as n_satisfied_before,
        earlier.index_pct as previous_index_pct,
        case when pair.comparable = 'yes' then later.index_pct - earlier.index_pct end as change_pct,
        estimate.change_estimate_pct,
        estimate.se_change_pct,
        estimate.df,
        estimate.ci_low_pct,
        estimate.ci_high_pct,
        estimate.p_value,
        estimate.p_adjusted,
        coalesce(estimate.n_tests, 0) as n_tests,
        coalesce(estimate.direction, 'untested') as direction,
        case
            when 'suppress' in (later.presentation, earlier.presentation) then 'suppress'
            when 'review' in (later.presentation, earlier.presentation) then 'review'
            when later.presentation is not null and earlier.presentation is not null then 'show'
        end as presentation,
        pair.comparable,
        case
            when pair.comparable = 'no' then 'break'
            when pair.is_estimated = 0 then 'mean'
            when estimate.p_value is null then 'few'
        end as untested_for,
        pair.reason_vi,
        pair.reason_en,
        estimate.method
    from {{ ref('int_index_before') }} as pair
    -- Every pair has both sides. Left joins keep an engine from joining these with each other first, by unit alone.
    left join figure as later
        on
            pair.basis = later.basis
            and pair.unit_code = later.unit_code
            and pair.unit_valid_from = later.unit_valid_from
            and pair.edition_id = later.edition_id
            and pair.instrument_code = later.instrument_code
            and pair.node_code = later.node_code
    left join figure as earlier
        on
            pair.basis = earlier.basis
            and pair.unit_code = earlier.unit_code
            and pair.unit_valid_from = earlier.unit_valid_from
            and pair.previous_edition_id = earlier.edition_id
            and pair.previous_instrument_code = earlier.instrument_code
            and pair.previous_node_code = earlier.node_code
    left join {{ source('estimates', 'est_sipas_change') }} as estimate
        on
            pair.basis = estimate.basis
            and pair.unit_code = estimate.unit_code
            and pair.unit_valid_from = estimate.unit_valid_from
            and pair.instrument_code = estimate.instrument_code
            and pair.node_code = estimate.node_code
            and pair.edition_id = estimate.edition_id
            and pair.previous_edition_id = estimate.previous_edition_id
)

select
    basis,
    unit_code,
    unit_valid_from,
    instrument_code,
    node_code,
    edition_id,
    previous_edition_id,
    node_level,
    comparison,
    previous_instrument_code,
    previous_node_code,
    n_forms_answered,
    n_answers,
    n_satisfied,
    index_pct,
    n_forms_answered_before,
    n_answers_before,
    n_satisfied_before,
    previous_index_pct,
    cast(change_pct as double precision) as change_pct,
    cast(change_estimate_pct as double precision) as change_estimate_pct,
    cast(se_change_pct as double precision) as se_change_pct,
    cast(df as double precision) as df,
    cast(ci_low_pct as double precision) as ci_low_pct,
    cast(ci_high_pct as double precision) as ci_high_pct,
    cast(p_value as double precision) as p_value,
    cast(p_adjusted as double precision) as p_adjusted,
    cast(n_tests as bigint) as n_tests,
    direction,
    presentation,
    comparable,
    case untested_for
        when 'break' then reason_vi
        when 'mean' then 'Chỉ số là bình quân của nhiều phần, không có sai số chuẩn nên không kiểm định'
        when 'few' then 'Một trong hai kỳ có quá ít phiếu để tính sai số chuẩn nên không kiểm định'
    end as reason_vi,
    case untested_for
        when 'break' then reason_en
        when 'mean' then 'The index is a mean of several parts and has no standard error: no test'
        when 'few' then 'One of the two has too few forms for a standard error: no test'
    end as reason_en,
    method
from changed
