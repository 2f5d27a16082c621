-- A file that says nothing of kinds is a satisfaction questionnaire.
with item as (
    select
        instrument_code,
        node_code,
        node_level,
        parent_code,
        position,
        scale_code,
        coalesce(question_kind, 'satisfaction') as question_kind,
        index_kind,
        answers_for,
        label_vi,
        label_en
    from {{ source('landing', 'instrument_item') }}
)

select
    instrument_code,
    node_code,
    node_level,
    parent_code,
    cast(position as bigint) as position,
    scale_code,
    question_kind,
    case
        when node_level = 'question' then null
        when index_kind is not null then index_kind
        when question_kind = 'satisfaction' then 'satisfied_share'
        else 'option_shares'
    end as index_kind,
    answers_for,
    label_vi,
    label_en
from item
