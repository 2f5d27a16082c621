select
    delivered.unit_code,
    delivered.unit_valid_from,
    delivered.period_id,
    delivered.stated,
    quality.source,
    {% for status in ['landed', 'empty', 'refused', 'duplicate'] %}
    cast(sum(case when quality.status = '{{ status }}' then 1 else 0 end) as bigint) as n_inputs_{{ status }},
    {% endfor %}
    {% for outcome in ['read', 'accepted', 'quarantined', 'duplicate', 'superseded', 'forgotten', 'skipped'] %}
    cast(sum(quality.rows_{{ outcome }}) as bigint) as rows_{{ outcome }},
    {% endfor %}
    count(*) as n_inputs
from {{ ref('delivered_file') }} as delivered
inner join {{ ref('data_quality') }} as quality
    on delivered.input_id = quality.input_id
group by
    delivered.unit_code,
    delivered.unit_valid_from,
    delivered.period_id,
    delivered.stated,
    quality.source
