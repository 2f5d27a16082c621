select
    delivered.unit_code,
    delivered.unit_valid_from,
    delivered.period_id,
    delivered.stated,
    quality.source,
    broken.rule_id,
    broken.severity,
    cast(sum(broken.n_rows) as bigint) as n_rows
from {{ ref('delivered_file') }} as delivered
inner join {{ ref('data_quality') }} as quality
    on delivered.input_id = quality.input_id
inner join {{ ref('data_quality_rule') }} as broken
    on delivered.input_id = broken.input_id
group by
    delivered.unit_code,
    delivered.unit_valid_from,
    delivered.period_id,
    delivered.stated,
    quality.source,
    broken.rule_id,
    broken.severity
