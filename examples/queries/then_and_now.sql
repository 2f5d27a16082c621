-- vi: Chỉ số hài lòng chung theo đơn vị hành chính khi khảo sát và theo đơn vị hiện nay.
-- en: Overall index by the units of the day of the survey, and by the units of today.
-- grain: period, questionnaire, territory (then or now) and unit
-- caveat: The two are two views of the same forms: never add them up.
-- caveat: n_forms_shared of a unit of today came in equal shares of split units, which is an assumption.
with both_territories as (
    select
        'then' as territory,
        period_id,
        unit_code,
        unit_valid_from,
        instrument_code,
        cast(n_forms_answered as decimal(18, 6)) as n_forms_answered,
        cast(0 as decimal(18, 6)) as n_forms_shared,
        index_pct
    from marts.sipas_index
    where node_level = 'overall'
    union all
    select
        'now' as territory,
        period_id,
        unit_code,
        unit_valid_from,
        instrument_code,
        n_forms_answered,
        n_forms_answered_allocated as n_forms_shared,
        index_pct
    from marts.sipas_index_now
    where node_level = 'overall'
)

select
    figure.period_id,
    figure.instrument_code,
    figure.territory,
    figure.unit_code,
    figure.unit_valid_from,
    unit.unit_name,
    unit.unit_level,
    figure.n_forms_answered,
    figure.n_forms_shared,
    figure.index_pct
from both_territories as figure
inner join marts.dim_admin_unit as unit
    on figure.unit_code = unit.unit_code and figure.unit_valid_from = unit.unit_valid_from
order by 1 asc, 2 asc, 3 desc, 4 asc, 5 asc;
