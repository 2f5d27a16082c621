-- Of the overall index 100 * sum(s) / sum(n), each criterion is short by 100 * (n_j - s_j) / sum(n); where the index
-- is a mean of parts, by that within its part and over the number of parts with an answer. The items of an instrument
-- whose overall index is a question of its own are no part of it.
with sums as (
    select
        unit_code,
        unit_valid_from,
        period_id,
        instrument_code,
        node_code,
        node_level,
        n_forms_answered,
        n_answers,
        n_satisfied
    from {{ ref('int_survey_node_sums') }}
    where territory_basis = 'as_reported' and breakdown = '*' and n_answers > 0
),

overall_item as (
    select
        instrument_code,
        item_code,
        part_code
    from {{ ref('int_node_item') }}
    where node_level = 'overall'
),

overall_part as (
    select distinct
        instrument_code,
        part_code
    from overall_item
),

part as (
    select
        sums.unit_code,
        sums.unit_valid_from,
        sums.period_id,
        sums.instrument_code,
        sums.node_code as part_code,
        sums.n_answers,
        count(*) over (
            partition by sums.unit_code, sums.unit_valid_from, sums.period_id, sums.instrument_code
        ) as n_parts
    from sums
    inner join overall_part
        on sums.instrument_code = overall_part.instrument_code and sums.node_code = overall_part.part_code
),

short as (
    select
        item.unit_code,
        item.unit_valid_from,
        item.period_id,
        item.instrument_code,
        item.node_code,
        item.n_forms_answered,
        item.n_answers,
        item.n_satisfied,
        {{ percent('(item.n_answers - item.n_satisfied)', '(part.n_answers * part.n_parts)') }} as contribution_pct
    from sums as item
    inner join {{ ref('int_item_above') }} as criterion
        on
            item.instrument_code = criterion.instrument_code
            and item.node_code = criterion.item_code
            and criterion.step = 0
    left join overall_item
        on item.instrument_code = overall_item.instrument_code and item.node_code = overall_item.item_code
    left join part
        on
            item.unit_code = part.unit_code
            and item.unit_valid_from = part.unit_valid_from
            and item.period_id = part.period_id
            and item.instrument_code = part.instrument_code
            and overall_item.part_code = part.part_code
)

select
    unit_code,
    unit_valid_from,
    period_id,
    instrument_code,
    node_code,
    n_forms_answered,
    n_answers,
    n_satisfied,
    {{ percent('n_satisfied', 'n_answers') }} as index_pct,
    contribution_pct,
    cast(
        case
            when contribution_pct is not null
                then rank() over (
                    partition by unit_code, unit_valid_from, period_id, instrument_code
                    order by coalesce(contribution_pct, -1) desc
                )
        end as bigint
    ) as contribution_rank
from short
