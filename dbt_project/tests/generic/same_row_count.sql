{# No row of the other model is lost or doubled on the way. #}
{% test same_row_count(model, other) %}
select
    here.n_rows,
    there.n_rows as n_rows_other
from (select count(*) as n_rows from {{ model }}) as here
cross join (select count(*) as n_rows from {{ other }}) as there
where here.n_rows <> there.n_rows
{% endtest %}
