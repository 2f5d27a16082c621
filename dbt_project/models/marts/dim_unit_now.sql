-- A unit has several placements where the units above it changed; where its records stand now is the same for each.
select distinct
    path.unit_code,
    path.unit_valid_from,
    unit_now.unit_code as now_code,
    unit_now.unit_valid_from as now_valid_from,
    unit_now.share
from {{ ref('int_unit_now') }} as unit_now
inner join {{ ref('int_unit_path') }} as path
    on unit_now.placement_id = path.placement_id
