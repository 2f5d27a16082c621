{# No row of the other model is lost or doubled on the way; with the columns that name them, held figures apart. #}
{% test same_row_count(model, other, unit_column=none, period_column=none) %}
select
    here.n_rows,
    there.n_rows as n_rows_other
from (
    select count(*) as n_rows
    from {{ model }} as mart
    where {{ "not " ~ is_held('mart', unit_column, period_column) if unit_column else 'true' }}
) as here
cross join (
    select count(*) as n_rows
    from {{ other }} as mart
    where {{ "not " ~ is_held('mart', unit_column, period_column) if unit_column else 'true' }}
) as there
where here.n_rows <> there.n_rows
{% endtest %}
