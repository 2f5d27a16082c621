select office_code
from {{ source('landing', 'office_root') }}
