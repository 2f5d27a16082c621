select
    index_code,
    cast(max(points) as double precision) as standard_points
from {{ ref('stg_one_stop_level') }}
group by index_code
