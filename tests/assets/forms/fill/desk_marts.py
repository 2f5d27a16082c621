"""Marts of a district of two communes for one quarter or month, of rows that a test gives, without a warehouse."""

from __future__ import annotations

from datetime import date
from typing import Any

import duckdb
import pyarrow as pa

from assets.forms.figures import Figures
from assets.forms.subject import Period, Subject, Unit, UnitKey

Row = dict[str, Any]
FROM = date(1900, 1, 1)
DISTRICT, A, B, C = (UnitKey(code, FROM) for code in ("282", "A", "B", "C"))
NAMES = {DISTRICT: "Huyện Mỹ Đức", A: "Xã An Mỹ", B: "Xã An Tiến", C: "Xã Đại Hưng"}
QUARTER = Period("2025-Q1", "quarter", date(2024, 12, 15), date(2025, 3, 14), "Quý I/2025", "Quarter 1, 2025")
MARCH = Period("2025-03", "month", date(2025, 2, 15), date(2025, 3, 14), "Tháng 3/2025", "March 2025")


def subject(key: UnitKey, period: Period) -> Subject:
    parts = (A, B, C) if key == DISTRICT else ()
    level, above = ("district", "Thành phố Hà Nội") if parts else ("commune", "Huyện Mỹ Đức")
    return Subject(Unit(key, NAMES[key], level, above, parts), period, NAMES, False)


def figures(period: Period, relations: dict[str, list[Row]]) -> Figures:
    """Figures that know these relations; each row is of the unit it names by `unit`, in the period."""
    connection = duckdb.connect()
    for schema in ("marts", "office"):
        connection.execute(f"CREATE SCHEMA {schema}")
    for relation, rows in relations.items():
        keyed = [
            {"unit_code": row["unit"].code, "unit_valid_from": FROM, "period_id": period.period_id} | row
            for row in rows
        ]
        for row in keyed:
            row.pop("unit")
        fallback = pa.table({"unit_code": pa.array([], pa.string()), "unit_valid_from": pa.array([], pa.date32()),
                             "period_id": pa.array([], pa.string())})  # fmt: skip
        connection.register("given", pa.Table.from_pylist(keyed) if keyed else fallback)
        connection.execute(f"CREATE TABLE {relation} AS SELECT * FROM given")
    return Figures(lambda sql: connection.sql(sql).to_arrow_table(), [period.period_id])
