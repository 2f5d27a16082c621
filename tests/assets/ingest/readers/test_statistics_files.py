"""Parquet and SPSS files: every type as its canonical text, labels beside codes, what is missing told apart."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyreadstat
import pytest

from assets.ingest.readers import InputRefused, RawTable, columnar, open_input, spss
from assets.ingest.readers.options import ParquetOptions, ReaderOptions, SkipRule, SpssOptions

PARQUET = ParquetOptions(kind="parquet")
SPSS = SpssOptions(kind="spss")


def read(path: Path, options: ReaderOptions) -> tuple[RawTable, list[dict[str, Any]]]:
    [table] = open_input(path, options)
    return table, [row for batch in table.batches for row in batch.to_pylist()]


def refusal(path: Path, options: ReaderOptions) -> InputRefused:
    with pytest.raises(InputRefused) as caught:
        read(path, options)
    return caught.value


def test_every_parquet_type_has_its_text(tmp_path: Path) -> None:
    columns = {
        "Xa\u0303": pa.array(["An Mỹ", None], pa.large_string()),
        "loại": pa.array(["a", "b"]).dictionary_encode(),
        "n": pa.array([2**62, -1]),
        "d": pa.array([Decimal("12345678901234567890.10"), Decimal("0.00")], pa.decimal128(38, 2)),
        "f": pa.array([2.0, 0.1]),
        "ok": pa.array([True, None]),
        "ngày": pa.array([dt.date(2023, 6, 1), None]),
        "lúc": pa.array([dt.datetime(2023, 6, 1, 8, 30), dt.datetime(2023, 6, 1)], pa.timestamp("us")),
        "giờ VN": pa.array([dt.datetime(2023, 6, 1, 1, 30)] * 2, pa.timestamp("ms", "Asia/Ho_Chi_Minh")),
        "ai": pa.array([{"mã": "1", "tên": {"họ": "x"}}, None]),
        "trùng": pa.array([[1, 2], []]),
        "không": pa.nulls(2),
    }
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table(columns), path, row_group_size=1)
    table, rows = read(path, PARQUET)
    assert table.columns[:2] == ("Xã", "loại") and "ai.tên.họ" in table.columns
    first, second = (list(row.values()) for row in rows)
    assert first == [
        "An Mỹ", "a", str(2**62), "12345678901234567890.10", "2", "true", "2023-06-01", "2023-06-01 08:30:00",
        "2023-06-01 08:30:00+07:00", "1", "x", "[1,2]", None, 1, None, None,
    ]  # fmt: skip
    assert second[:8] == [None, "b", "-1", "0.00", "0.1", None, None, "2023-06-01"] and second[9:11] == [None, None]


def test_parquet_is_read_in_parts_and_unsound_files_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"a": pa.array(range(1_000))}), path, row_group_size=300)
    monkeypatch.setattr(columnar, "_ROWS", 70)
    table, rows = read(path, ParquetOptions(kind="parquet", skip=[SkipRule(column="a", matches="^99")]))
    assert (table.rows_read, table.rows_skipped) == (989, 11)
    assert [row["_line"] for row in rows if row["a"] == "998" or row["a"] == "700"] == [701]
    content = path.read_bytes()
    for name, bad in (
        ("cut", content[:-40]),
        ("text", b"a,b\n1,2\n"),
        ("hole", content[:40] + bytes(400) + content[440:]),
    ):
        (tmp_path / name).write_bytes(bad)
        assert refusal(tmp_path / name, PARQUET).rule == "file.damaged", name
    pq.write_table(pa.table({"a": ["x"], "ảnh": [b"\xff\x00"]}), path)
    assert (refusal(path, PARQUET).rule, refusal(path, PARQUET).column) == ("file.binary_column", "ảnh")
    monkeypatch.setattr(columnar, "MAX_ROW_GROUP_BYTES", 10)
    assert refusal(path, PARQUET).rule == "file.too_large"


def survey(path: Path, rows: int = 4, compress: bool = False) -> Path:
    codes = [1.0, 2.0, 99.0, np.nan] * (rows // 4)
    frame = pd.DataFrame(
        {
            "q1": codes,
            "gioi": ["M", "F", "", "X"] * (rows // 4),
            "ngay": [dt.date(2023, 6, 1), dt.date(2023, 6, 2), dt.date(2023, 6, 3), None] * (rows // 4),
            "luc": [dt.datetime(2023, 6, 1, 10, 30)] * rows,
            "w": [1.5, 2.0, 1e-3, 4] * (rows // 4),
        }
    )
    pyreadstat.write_sav(
        frame,
        path,
        column_labels={"q1": "Mức độ hài lòng chung"},
        variable_value_labels={
            "q1": {1.0: "Rất hài lòng", 2.0: "Hài lòng", 99.0: "Không trả lời"},
            "gioi": {"M": "Nam", "F": "Nữ"},
        },
        missing_ranges={"q1": [99]},
        row_compress=compress,
    )
    return path


@pytest.mark.parametrize("compress", [False, True])
def test_spss_codes_labels_and_the_two_kinds_of_missing(tmp_path: Path, compress: bool) -> None:
    table, rows = read(survey(tmp_path / "a.sav", compress=compress), SPSS)
    assert table.columns == ("q1", "q1 (label)", "gioi", "gioi (label)", "ngay", "luc", "w")
    assert table.companions == {"q1 (label)", "gioi (label)"}
    assert [list(row.values())[:8] for row in rows] == [
        ["1", "Rất hài lòng", "M", "Nam", "2023-06-01", "2023-06-01 10:30:00", "1.5", 1],
        ["2", "Hài lòng", "F", "Nữ", "2023-06-02", "2023-06-01 10:30:00", "2", 2],
        ["99", "Không trả lời", "", "", "2023-06-03", "2023-06-01 10:30:00", "0.001", 3],
        [None, None, "X", "X", None, "2023-06-01 10:30:00", "4", 4],
    ]


def test_spss_in_parts_limits_and_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = survey(tmp_path / "a.sav", rows=400)
    monkeypatch.setattr(spss, "BATCH_ROWS", 64)
    table, rows = read(path, SpssOptions(kind="spss", skip=[SkipRule(column="gioi", blank=True)]))
    assert (table.rows_read, table.rows_skipped) == (300, 100)
    assert [row["_line"] for row in rows][-3:] == [397, 398, 400]
    content = path.read_bytes()
    for name, bad in (("cut", content[:900]), ("text", b"a,b\n1,2\n"), ("zeros", content[:4] + bytes(2000))):
        (tmp_path / name).write_bytes(bad)
        assert refusal(tmp_path / name, SPSS).rule == "file.damaged", name
    monkeypatch.setattr(spss, "MAX_STATISTICS_CELLS", 1_000)
    assert refusal(path, SPSS).rule == "file.too_large"
