with placed as (
    select
        sent.input_id,
        above.unit_code,
        above.unit_valid_from,
        month.month_id as period_id,
        'period' as stated
    from {{ ref('stg_input') }} as sent
    inner join {{ ref('stg_reporting_month') }} as month
        on sent.period_id = month.month_id
    inner join {{ ref('int_unit_path') }} as own
        on
            sent.unit_code = own.unit_code
            and month.ends_on between own.in_force_from and own.in_force_to
            and own.unassigned_of is null
    inner join {{ ref('int_unit_ancestor') }} as above
        on own.placement_id = above.placement_id
),

-- What says no unit or no month is the whole office's, and of no month more than of another.
everywhere as (
    select
        sent.input_id,
        root.unit_code,
        root.unit_valid_from,
        month.month_id as period_id,
        'office' as stated
    from {{ ref('stg_input') }} as sent
    inner join {{ ref('int_unit') }} as root
        on sent.office_code = root.unit_code
    inner join {{ ref('stg_reporting_month') }} as month
        on month.ends_on between root.unit_valid_from and root.unit_valid_to
    where
        not exists (
            select 1 as found
            from placed
            where placed.input_id = sent.input_id
        )
)

select
    input_id,
    unit_code,
    unit_valid_from,
    period_id,
    stated
from placed
union all
select
    input_id,
    unit_code,
    unit_valid_from,
    period_id,
    stated
from everywhere
