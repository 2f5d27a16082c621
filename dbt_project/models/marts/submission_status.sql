with owed as (
    select distinct
        expected.unit_code,
        expected.dataset,
        month.month_id as period_id,
        month.starts_on,
        month.ends_on,
        month.due_on
    from {{ ref('stg_expected_submission') }} as expected
    inner join {{ ref('stg_reporting_month') }} as month
        on month.month_id between expected.first_month and coalesce(expected.last_month, month.month_id)
    inner join {{ ref('int_data_span') }} as span
        on month.month_idx between span.first_month_idx and span.last_month_idx
),

-- The unit of the month's last day; where its code ended within the month, the one of the first day.
owed_by_unit as (
    select
        owed.unit_code,
        coalesce(at_end.unit_valid_from, at_start.unit_valid_from) as unit_valid_from,
        owed.dataset,
        owed.period_id,
        owed.due_on
    from owed
    left join {{ ref('int_unit') }} as at_end
        on owed.unit_code = at_end.unit_code and owed.ends_on between at_end.unit_valid_from and at_end.unit_valid_to
    left join {{ ref('int_unit') }} as at_start
        on
            owed.unit_code = at_start.unit_code
            and owed.starts_on between at_start.unit_valid_from and at_start.unit_valid_to
),

replaced as (
    select
        source,
        scope_id,
        max(delivery_seq) as delivery_seq
    from {{ ref('stg_input') }}
    where delivery_kind = 'snapshot' and is_current = 1
    group by source, scope_id
),

sent as (
    select
        input.unit_code,
        input.period_id,
        ',' || replace(input.datasets, ' ', '') || ',' as datasets,
        input.status,
        input.sent_on,
        -- A delivery that a later one replaced still shows when the unit first sent; its rows are not added again.
        case when replaced.delivery_seq > input.delivery_seq then 0 else 1 end as stands,
        quality.rows_read,
        quality.rows_accepted,
        quality.rows_quarantined
    from {{ ref('stg_input') }} as input
    inner join {{ ref('data_quality') }} as quality
        on input.input_id = quality.input_id
    left join replaced
        on
            input.delivery_kind in ('snapshot', 'answer')
            and input.source = replaced.source
            and coalesce(input.scope_id, '') = coalesce(replaced.scope_id, '')
    where input.status <> 'duplicate'
),

counted as (
    select
        owed.unit_code,
        owed.unit_valid_from,
        owed.dataset,
        owed.period_id,
        owed.due_on,
        min(case when sent.status in ('landed', 'empty') then sent.sent_on end) as first_sent_on,
        min(case when sent.status = 'landed' then sent.sent_on end) as first_landed_on,
        min(case when sent.status = 'empty' then sent.sent_on end) as first_empty_on,
        count(sent.status) as n_inputs,
        coalesce(sum(case when sent.status = 'refused' then 1 else 0 end), 0) as n_inputs_refused,
        coalesce(sum(sent.stands * sent.rows_read), 0) as rows_read,
        coalesce(sum(sent.stands * sent.rows_accepted), 0) as rows_accepted,
        coalesce(sum(sent.stands * sent.rows_quarantined), 0) as rows_quarantined
    from owed_by_unit as owed
    left join sent
        on
            owed.unit_code = sent.unit_code
            and owed.period_id = sent.period_id
            and sent.datasets like '%,' || owed.dataset || ',%'
    where owed.unit_valid_from is not null
    group by owed.unit_code, owed.unit_valid_from, owed.dataset, owed.period_id, owed.due_on
),

-- Rows that came say more than a statement that there are none, whichever came first.
told as (
    select
        counted.unit_code,
        counted.unit_valid_from,
        counted.dataset,
        counted.period_id,
        counted.due_on,
        counted.first_landed_on,
        counted.n_inputs,
        counted.n_inputs_refused,
        counted.rows_read,
        counted.rows_accepted,
        counted.rows_quarantined,
        case
            when counted.first_landed_on is not null then null
            when counted.first_empty_on <= coalesce(zero_report.reported_on, counted.first_empty_on) then 'file'
            when zero_report.reported_on is not null then 'statement'
        end as zero_reported_by,
        least(
            coalesce(counted.first_sent_on, zero_report.reported_on),
            coalesce(zero_report.reported_on, counted.first_sent_on)
        ) as first_sent_on
    from counted
    left join {{ ref('stg_zero_report') }} as zero_report
        on
            counted.unit_code = zero_report.unit_code
            and counted.dataset = zero_report.dataset
            and counted.period_id = zero_report.period_id
)

select
    unit_code,
    unit_valid_from,
    dataset,
    period_id,
    case
        when first_landed_on <= due_on then 'on_time'
        when first_landed_on is not null then 'late'
        when first_sent_on is not null then 'empty'
        else 'missing'
    end as submission_state,
    due_on,
    first_sent_on,
    zero_reported_by,
    cast(
        case
            when coalesce(first_landed_on, first_sent_on) is null then null
            else greatest(coalesce(first_landed_on, first_sent_on) - due_on, 0)
        end as bigint
    ) as days_late,
    cast(n_inputs as bigint) as n_inputs,
    cast(n_inputs_refused as bigint) as n_inputs_refused,
    cast(rows_read as bigint) as rows_read,
    cast(rows_accepted as bigint) as rows_accepted,
    cast(rows_quarantined as bigint) as rows_quarantined
from told
