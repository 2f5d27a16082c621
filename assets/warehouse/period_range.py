"""The days that the landed records span, from which the reporting months follow."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from assets.warehouse.engine import Landed
from quality.contract import Contract, value_fields


def event_days(
    contracts: Mapping[str, Contract], tables: Mapping[str, Landed], today: dt.date
) -> tuple[dt.date, dt.date]:
    """Return the first and the last local day in any record; `today` twice when nothing has landed."""
    days: list[dt.date] = []
    with duckdb.connect() as connection:
        for name, contract in contracts.items():
            paths = tables[name]
            if contract.kind != "record" or isinstance(paths, pa.Table):
                continue
            wanted = {field.name for field in value_fields(contract) if field.type == pa.date32()}
            for path in paths:
                # A file of an earlier version of the contract may lack some of them.
                columns = sorted(wanted.intersection(pq.read_schema(path).names))
                ends = ", ".join(f"min({column}), max({column})" for column in columns)
                [row] = connection.execute(f"SELECT {ends} FROM read_parquet(?)", [path.as_posix()]).fetchall()
                days += [day for day in row if day is not None]
    return (min(days), max(days)) if days else (today, today)
