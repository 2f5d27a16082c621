with day_count as (
    select
        placement_id,
        procedure_field,
        end_month_idx as month_idx,
        working_days,
        count(*) as n_records
    from {{ ref('int_case_timing') }}
    where working_days is not null
    group by placement_id, procedure_field, end_month_idx, working_days
)

{{ duration_quantiles('day_count', ['procedure_field'], [['procedure_field'], ["'*'"]]) }}
