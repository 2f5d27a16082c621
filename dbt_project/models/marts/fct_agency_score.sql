-- A score that is worked out has no day of its own: the first one of the quarter on which the unit was so placed.
select
    score.unit_code,
    score.unit_valid_from,
    score.quarter_id as period_id,
    score.index_code,
    score.source,
    {{ from_hundredths('score.hundredths') }} as points,
    {{ from_hundredths('score.self_hundredths') }} as self_points,
    {{ from_hundredths('score.verified_hundredths') }} as verified_points,
    coalesce(score.evaluated_on, greatest(path.in_force_from, quarter.starts_on)) as placed_on,
    score.input_id,
    score.sheet,
    score.line
from {{ ref('int_agency_score') }} as score
inner join {{ ref('int_unit_path') }} as path
    on score.placement_id = path.placement_id
inner join {{ ref('dim_reporting_period') }} as quarter
    on score.quarter_id = quarter.period_id
