-- vi: Đơn vị nộp muộn, chưa nộp hoặc báo không phát sinh: bộ dữ liệu nào, hạn nộp, muộn bao nhiêu ngày.
-- en: Units that sent late, sent nothing or reported zero: which dataset, when it was due, how many days late.
-- grain: month, unit and dataset owed and not on time
-- caveat: missing with n_inputs_refused above 0 means that files came and were refused whole.
select
    owed.period_id,
    owed.unit_code,
    unit.unit_name,
    owed.unit_valid_from,
    owed.dataset,
    owed.submission_state,
    owed.due_on,
    owed.first_sent_on,
    owed.days_late,
    owed.n_inputs,
    owed.n_inputs_refused
from marts.submission_status as owed
inner join marts.dim_admin_unit as unit
    on owed.unit_code = unit.unit_code and owed.unit_valid_from = unit.unit_valid_from
where owed.submission_state in ('late', 'missing', 'empty')
order by 1, 2, 4, 5;
