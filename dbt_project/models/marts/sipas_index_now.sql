with total as (
    select
        unit_code,
        unit_valid_from,
        period_id,
        instrument_code,
        node_code,
        node_level,
        cast(n_forms + n_forms_allocated as decimal(18, 6)) as n_forms,
        n_forms_allocated,
        cast(n_forms_answered + n_forms_answered_allocated as decimal(18, 6)) as n_forms_answered,
        n_forms_answered_allocated,
        cast(n_answers + n_answers_allocated as decimal(18, 6)) as n_answers,
        n_answers_allocated,
        cast(n_satisfied + n_satisfied_allocated as decimal(18, 6)) as n_satisfied,
        n_satisfied_allocated,
        cast(n_dont_know + n_dont_know_allocated as decimal(18, 6)) as n_dont_know,
        n_items
    from {{ ref('int_survey_node_sums') }}
    where territory_basis = 'as_now'
)

select
    unit_code,
    unit_valid_from,
    period_id,
    instrument_code,
    node_code,
    node_level,
    n_forms,
    n_forms_allocated,
    n_forms_answered,
    n_forms_answered_allocated,
    n_answers,
    n_answers_allocated,
    n_satisfied,
    n_satisfied_allocated,
    n_dont_know,
    cast(n_forms * n_items - n_answers - n_dont_know as decimal(18, 6)) as n_missing,
    {{ percent('n_satisfied', 'n_answers') }} as index_pct
from total
