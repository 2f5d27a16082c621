"""The days that the landed records span, from which the reporting months follow."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

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
            if contract.kind != "record" or isinstance(paths, pa.Table):
                continue
            wanted = {field.name for field in value_fields(contract) if field.type == pa.date32()}
            for path in paths:
                # A file of an earlier version of the contract may lack some of them.
                columns = sorted(wanted.intersection(pq.read_schema(path).names))
                if not columns:
                    continue
                ends = ", ".join(f"min({column}), max({column})" for column in columns)
                [row] = connection.execute(
                    f"SELECT {ends} FROM read_parquet(?) WHERE input_id NOT IN (SELECT input_id FROM retired)",
                    [path.as_posix()],
                ).fetchall()
                days += [day for day in row if day is not None]
    return (min(days), max(days)) if days else (today, today)
