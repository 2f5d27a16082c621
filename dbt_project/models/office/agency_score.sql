select
    unit_code,
    unit_valid_from,
    quarter_id as period_id,
    index_code,
    source,
    {{ from_hundredths('self_hundredths') }} as self_points,
    {{ from_hundredths('verified_hundredths') }} as verified_points
from {{ ref('int_agency_score') }}
