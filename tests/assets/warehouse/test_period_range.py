"""The days that the landed records span."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from assets.warehouse.period_range import event_days
from quality.contract import load_contracts, value_fields


def test_a_retired_reading_does_not_stretch_the_calendar(tmp_path: Path) -> None:
    contract = load_contracts()["case"]
    days = [field.name for field in value_fields(contract) if field.type == pa.date32()]
    received = [date(2023, 5, 20), date(2023, 6, 3), date(2032, 6, 3)]
    columns = {name: pa.array(received if name == "received_on" else [None] * 3, pa.date32()) for name in days}
    file = tmp_path / "case.parquet"
    pq.write_table(pa.table({"input_id": ["a", "a", "b"], **columns}), file)
    today = date(2024, 1, 1)
    assert event_days({"case": contract}, {"case": [file]}, [], today) == (received[0], received[2])
    assert event_days({"case": contract}, {"case": [file]}, ["b"], today) == (received[0], received[1])
    assert event_days({"case": contract}, {"case": [file]}, ["a", "b"], today) == (today, today)
