with waiting as (
    select
        unit_code,
        period_id,
        sum(n_new) as n_new,
        sum(n_changed) as n_changed,
        sum(n_gone) as n_gone
    from {{ ref('int_period_waiting') }}
    group by unit_code, period_id
)

select
    state.unit_code,
    coalesce(at_end.unit_valid_from, at_start.unit_valid_from) as unit_valid_from,
    state.period_id,
    state.status,
    state.submitted_at,
    state.approved_at,
    state.locked_at,
    state.locked_revision,
    state.accepted_at,
    state.n_revised,
    state.n_reopened,
    cast(coalesce(waiting.n_new, 0) as bigint) as n_pending_new,
    cast(coalesce(waiting.n_changed, 0) as bigint) as n_pending_changed,
    cast(coalesce(waiting.n_gone, 0) as bigint) as n_pending_gone
from {{ ref('stg_period_state') }} as state
inner join {{ ref('dim_reporting_period') }} as period
    on state.period_id = period.period_id
left join {{ ref('int_unit') }} as at_end
    on state.unit_code = at_end.unit_code and period.ends_on between at_end.unit_valid_from and at_end.unit_valid_to
left join {{ ref('int_unit') }} as at_start
    on
        state.unit_code = at_start.unit_code
        and period.starts_on between at_start.unit_valid_from and at_start.unit_valid_to
left join waiting
    on state.unit_code = waiting.unit_code and state.period_id = waiting.period_id
