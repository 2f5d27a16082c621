select
    dataset,
    channel,
    label_vi,
    label_en
from {{ ref('channel') }}
