-- vi: Phản ánh, kiến nghị theo kênh: tồn đầu kỳ, tiếp nhận, đã xử lý, tồn cuối kỳ, đúng hạn và quá hạn.
-- en: Complaints by channel: opening stock, received, closed, closing stock, in time and late.
-- grain: period, unit and channel (* for all)
-- caveat: n_opening + n_received = n_closed + n_pending in every row; * is the sum of the channels.
-- caveat: Complaints without a deadline are in no rate; they stand in n_closed_no_due_date.
select
    handling.period_id,
    handling.unit_code,
    unit.unit_name,
    handling.unit_valid_from,
    handling.channel,
    coalesce(channel.label_vi, 'Tất cả các kênh') as channel_vi,
    handling.n_opening,
    handling.n_received,
    handling.n_closed,
    handling.n_pending,
    handling.n_pending_overdue,
    handling.n_closed_in_time,
    handling.n_closed_late,
    handling.n_closed_no_due_date,
    handling.in_time_pct
from marts.complaint_handling as handling
inner join marts.dim_admin_unit as unit
    on handling.unit_code = unit.unit_code and handling.unit_valid_from = unit.unit_valid_from
left join marts.dim_channel as channel
    on handling.channel = channel.channel and channel.dataset = 'complaint'
where handling.class = '*'
order by 1, 2, 4, 5;
