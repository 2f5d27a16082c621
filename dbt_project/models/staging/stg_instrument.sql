select
    code,
    name_vi,
    name_en,
    aggregation_mode,
    -- An instrument that states no family compares with nothing but itself.
    coalesce(method_family, code) as method_family,
    cast(first_year as bigint) as first_year,
    cast(last_year as bigint) as last_year,
    coalesce(is_complete, 'yes') as is_complete,
    coalesce(is_case_form, 'no') as is_case_form,
    basis
from {{ source('landing', 'instrument') }}
