-- A source row is superseded when a later delivery holds every record it fed, or found it gone from the source. A row
-- that feeds two datasets counts once; answers are not looked at, for they go with their response.
{%- set datasets = [
    'activity', 'agency_evaluation', 'case', 'case_evaluation', 'case_step', 'complaint', 'survey_response',
] %}

with landed as (
    {%- for dataset in datasets %}
    select
        landed.input_id,
        coalesce(landed.sheet, '') as sheet,
        landed.line,
        landed.source_rows,
        case when newest.record_key is null then 0 else 1 end as is_current
    from {{ source('landing', dataset) }} as landed
    left join {{ ref('stg_' ~ dataset) }} as newest
        on landed.record_key = newest.record_key and landed.delivery_seq = newest.delivery_seq
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

old_row as (
    select
        landed.input_id,
        landed.sheet,
        landed.line,
        max(landed.source_rows) as source_rows
    from landed
    where landed.is_current = 0
    group by landed.input_id, landed.sheet, landed.line
),

live_row as (
    select distinct
        landed.input_id,
        landed.sheet,
        landed.line
    from landed
    inner join (select distinct input_id from old_row) as touched
        on landed.input_id = touched.input_id
    where landed.is_current = 1
)

select
    old_row.input_id,
    cast(sum(old_row.source_rows) as bigint) as rows_superseded
from old_row
left join live_row
    on
        old_row.input_id = live_row.input_id
        and old_row.sheet = live_row.sheet
        and old_row.line = live_row.line
where live_row.input_id is null
group by old_row.input_id
