-- Where the records of a placement stand in the units of now: the unit in force, and the units above it.
select
    path.placement_id,
    unit_now.now_code as unit_code,
    unit_now.now_valid_from as unit_valid_from,
    cast(unit_now.share as decimal(18, 6)) as share
from {{ ref('int_unit_path') }} as path
inner join {{ source('landing', 'unit_now') }} as unit_now
    on path.unit_code = unit_now.unit_code and path.unit_valid_from = unit_now.unit_valid_from
union all
-- What has no unit stays where it is.
select
    ancestor.placement_id,
    ancestor.unit_code,
    ancestor.unit_valid_from,
    cast(1 as decimal(18, 6)) as share
from {{ ref('int_unit_ancestor') }} as ancestor
inner join {{ ref('int_unit_path') }} as path
    on ancestor.placement_id = path.placement_id
where path.unassigned_of is not null
