-- vi: Chất lượng dữ liệu theo nguồn: số tệp và số dòng đã đọc, đã nhận, bị trả lại, trùng, bị thay thế.
-- en: Data quality by source: files, and rows read, accepted, refused, duplicate and superseded.
-- grain: source and state of its files
-- caveat: rows_read = accepted + quarantined + duplicate + superseded + forgotten; a file refused whole counts no rows.
select
    source,
    status,
    count(*) as n_inputs,
    sum(rows_read) as rows_read,
    sum(rows_accepted) as rows_accepted,
    sum(rows_quarantined) as rows_quarantined,
    sum(rows_duplicate) as rows_duplicate,
    sum(rows_superseded) as rows_superseded,
    sum(rows_forgotten) as rows_forgotten,
    cast(100.0 * sum(rows_quarantined) / nullif(sum(rows_read), 0) as double precision) as quarantined_pct,
    min(sent_on) as first_sent_on,
    max(sent_on) as last_sent_on
from marts.data_quality
group by source, status
order by source, status;
