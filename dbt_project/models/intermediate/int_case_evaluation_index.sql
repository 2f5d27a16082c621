with levelled as (
    {%- for index_code in [1, 2, 3, 4, 6, 7] %}
    select
        evaluation_id,
        placement_id,
        unit_code,
        unit_valid_from,
        month_idx,
        '{{ index_code }}' as index_code,
        level_{{ index_code }} as level,
        source_{{ index_code }} as source
    from {{ ref('int_case_evaluation') }}
    where level_{{ index_code }} is not null
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
)

select
    levelled.evaluation_id,
    levelled.placement_id,
    levelled.unit_code,
    levelled.unit_valid_from,
    levelled.month_idx,
    levelled.index_code,
    levelled.source,
    cast(standard.points * 100 as bigint) as hundredths
from levelled
inner join {{ ref('stg_one_stop_level') }} as standard
    on levelled.index_code = standard.index_code and levelled.level = standard.level
