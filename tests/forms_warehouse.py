"""A warehouse of the few marts that say which forms there are: a district of three communes, one of them new in 2025."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa

Row = dict[str, Any]
OLD, NEW = dt.date(1900, 1, 1), dt.date(2025, 1, 1)
UNITS = [
    ("01", OLD, None, "province", "Thành phố Hà Nội", None, None, None),
    ("282", OLD, None, "district", "Huyện Mỹ Đức", "01", OLD, "282"),
    ("10462", OLD, None, "commune", "Xã An Mỹ", "282", OLD, "282"),
    ("10459", OLD, dt.date(2024, 12, 31), "commune", "Xã Bột Xuyên", "282", OLD, "282"),
    ("10459", NEW, None, "commune", "Xã Mỹ Xuyên", "282", OLD, "282"),
    ("282~", OLD, None, "unassigned", "Chưa rõ đơn vị (Huyện Mỹ Đức)", "282", OLD, "282"),
    ("10441", OLD, None, "commune", "Xã của huyện khác", "283", OLD, None),
]
RATES = ("n_expected", "n_on_time", "n_late", "n_empty", "n_missing", "n_empty_late", "n_missing_refused")


@dataclass
class FormsWarehouse:
    """`counts` of each unit and month are what the months owed came to; longer periods add them up."""

    connection: duckdb.DuckDBPyConnection

    def query(self, sql: str) -> pa.Table:
        return self.connection.sql(sql).to_arrow_table()

    def submissions(self, unit: str, valid_from: dt.date, period: str, *counts: int) -> None:
        """Put or replace the row of a unit and period."""
        row = dict(zip(RATES, counts, strict=True))
        owed = row["n_expected"]
        sent = 100 * (owed - row["n_missing"]) / owed
        on_time = 100 * (row["n_on_time"] + row["n_empty"] - row["n_empty_late"]) / owed
        key = [unit, valid_from, period]
        self.connection.execute(
            "DELETE FROM marts.submission_rate WHERE unit_code = ? AND unit_valid_from = ? AND period_id = ?", key
        )
        for dataset in ("*", "survey_response"):
            self.connection.execute(
                f"INSERT INTO marts.submission_rate VALUES ({', '.join('?' * 13)})",
                [unit, valid_from, dataset, period, *counts, sent, on_time],
            )


def build(connection: duckdb.DuckDBPyConnection, periods: Iterable[Row], heard_on: dt.date | None) -> FormsWarehouse:
    """Make the marts with the periods; `heard_on` is the day of the last delivery."""
    connection.execute("CREATE SCHEMA marts")
    connection.execute(
        "CREATE TABLE marts.dim_admin_unit (unit_code VARCHAR, unit_valid_from DATE, unit_valid_to DATE, unit_level VARCHAR,"
        " unit_name VARCHAR, parent_code VARCHAR, parent_valid_from DATE, office_code VARCHAR)"
    )
    connection.executemany("INSERT INTO marts.dim_admin_unit VALUES (?, ?, ?, ?, ?, ?, ?, ?)", UNITS)
    connection.execute(
        "CREATE TABLE marts.dim_reporting_period (period_id VARCHAR, period_kind VARCHAR, starts_on DATE, ends_on DATE,"
        " label_vi VARCHAR, label_en VARCHAR)"
    )
    connection.executemany(
        "INSERT INTO marts.dim_reporting_period VALUES (?, ?, ?, ?, ?, ?)",
        [[row[name] for name in ("id", "kind", "first", "last", "vi", "en")] for row in periods],
    )
    connection.execute("CREATE TABLE marts.data_quality (sent_on DATE)")
    connection.execute("INSERT INTO marts.data_quality VALUES (?)", [heard_on])
    counts = ", ".join(f"{name} BIGINT" for name in RATES)
    connection.execute(
        "CREATE TABLE marts.submission_rate (unit_code VARCHAR, unit_valid_from DATE, dataset VARCHAR, period_id VARCHAR,"
        f" {counts}, completeness_pct DOUBLE, timeliness_pct DOUBLE)"
    )
    for mart in ("case_settlement", "complaint_handling", "sipas_index"):
        connection.execute(f"CREATE TABLE marts.{mart} (period_id VARCHAR)")
    return FormsWarehouse(connection)


def months(first: str, last: str) -> list[Row]:
    """The reporting months from first to last and the quarters, halves, nine months and years that end within them."""
    rows = []
    (year, month), (last_year, last_month) = (tuple(int(part) for part in name.split("-")) for name in (first, last))
    while (year, month) <= (last_year, last_month):
        rows.append(_period(f"{year}-{month:02d}", "month", year, month, month))
        if month % 3 == 0:
            rows.append(_period(f"{year}-Q{month // 3}", "quarter", year, month - 2, month))
        if month % 6 == 0:
            rows.append(_period(f"{year}-H{month // 6}", "half_year", year, month - 5, month))
        if month == 9:
            rows.append(_period(f"{year}-9M", "nine_months", year, 1, 9))
        if month == 12:
            rows.append(_period(str(year), "year", year, 1, 12))
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
    return rows


def _period(name: str, kind: str, year: int, first: int, last: int) -> Row:
    before = dt.date(year, first, 1) - dt.timedelta(days=1)
    return {
        "id": name,
        "kind": kind,
        "first": before.replace(day=15),
        "last": dt.date(year, last, 14),
        "vi": f"Kỳ {name}",
        "en": f"Period {name}",
    }
