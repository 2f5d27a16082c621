-- vi: Chất lượng dữ liệu theo nguồn: số tệp và số dòng đã đọc, đã nhận, bị trả lại, trùng, bị thay thế.
-- en: Data quality by source: files, and rows read, accepted, refused, duplicate and superseded.
-- grain: source and state of its files
-- caveat: rows_read = accepted + quarantined + duplicate + superseded + forgotten; a file refused whole counts no rows.
select
    source,
    status,
    count(*) as n_inputs,
    cast(sum(rows_read) as bigint) as rows_read,
    cast(sum(rows_accepted) as bigint) as rows_accepted,
    cast(sum(rows_quarantined) as bigint) as rows_quarantined,
    cast(sum(rows_duplicate) as bigint) as rows_duplicate,
    cast(sum(rows_superseded) as bigint) as rows_superseded,
    cast(sum(rows_forgotten) as bigint) as rows_forgotten,
    cast(100.0 * sum(rows_quarantined) / nullif(sum(rows_read), 0) as double precision) as quarantined_pct,
    min(sent_on) as first_sent_on,
    max(sent_on) as last_sent_on
from marts.data_quality
group by source, status
order by source, status;
