"""The days that the landed records span, from which the reporting months follow."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from pathlib import Path

import duckdb
import pyarrow as pa

from assets.warehouse.engine import Landed
from quality.contract import Contract, value_fields


def event_days(
    contracts: Mapping[str, Contract], tables: Mapping[str, Landed], retired: Collection[str], today: dt.date
) -> tuple[dt.date, dt.date]:
    """Return the first and the last local day in any record but those of `retired` readings; `today` twice without any."""
    days: list[dt.date] = []
    with duckdb.connect() as connection:
        connection.register("retired", pa.table({"input_id": pa.array(sorted(retired), pa.string())}))
        for name, contract in contracts.items():
            paths = tables[name]
            columns = [field.name for field in value_fields(contract) if field.type == pa.date32()]
            if contract.kind != "record" or isinstance(paths, pa.Table) or not paths or not columns:
                continue
            files = [path.as_posix() for path in paths if isinstance(path, Path)]
            ends = ", ".join(f"min({column}), max({column})" for column in columns)
            [row] = connection.execute(
                f"SELECT {ends} FROM read_parquet(?) WHERE input_id NOT IN (SELECT input_id FROM retired)", [files]
            ).fetchall()
            days += [day for day in row if day is not None]
    return (min(days), max(days)) if days else (today, today)
