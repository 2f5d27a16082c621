"""Answers as files: values that stay what they are, and text that no spreadsheet takes for a formula."""

from __future__ import annotations

import csv
import io
import json

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from assets.lookup.answers import FORMATS, csv_without_mark

RISKY = ["=1+1", "+cmd", "-x", "@SUM(A1)", "\tx", " =x", "＝x"]


def _written(form: str, query: str) -> bytes:
    sink = io.BytesIO()
    with duckdb.connect() as database:
        write = csv_without_mark if form == "pipe" else FORMATS[form]
        rows = write(database.sql(query).to_arrow_reader(1_000), sink)
        assert rows == database.sql(f"SELECT count(*) FROM ({query})").fetchall()[0][0]
    return sink.getvalue()


def _cells(form: str, query: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(_written(form, query).decode("utf-8-sig"), newline="")))


def test_risky_text_gets_an_apostrophe_in_csv_and_stays_in_the_others() -> None:
    query = "SELECT * FROM (VALUES " + ", ".join(f"('{text}')" for text in RISKY) + ") AS t (cell)"
    assert _cells("csv", query) == [["cell"], *[["'" + text] for text in RISKY]]
    assert json.loads(_written("json", query)) == [{"cell": text} for text in RISKY]
    assert pq.read_table(io.BytesIO(_written("parquet", query))).column("cell").to_pylist() == RISKY


def test_numbers_stay_numbers() -> None:
    query = "SELECT -5 AS a, -1.5::DOUBLE AS b, '-5' AS c, '+3,2' AS d, 10::HUGEINT AS e, 1.20::DECIMAL(9, 2) AS f"
    assert _cells("csv", query) == [["a", "b", "c", "d", "e", "f"], ["-5", "-1.5", "-5", "+3,2", "10", "1.20"]]
    (row,) = json.loads(_written("json", query))
    assert row == {"a": -5, "b": -1.5, "c": "-5", "d": "+3,2", "e": 10, "f": 1.2}


def test_headings_are_safe_and_told_apart() -> None:
    query = 'SELECT 1 AS "=x", 2 AS a, 3 AS a, 4 AS "b,c"'
    assert _cells("csv", query)[0] == ["'=x", "a", "a_2", "b,c"]
    assert json.loads(_written("json", query)) == [{"=x": 1, "a": 2, "a_2": 3, "b,c": 4}]


def test_texts_of_every_kind_are_made_safe() -> None:
    # A list, an enum and a structure are text in CSV, and as text they are looked at too.
    query = "SELECT '=a'::ENUM('=a') AS a, ['=b'] AS b, {'k': 1} AS c, NULL AS d, INTERVAL 3 DAY AS e, TRUE AS f"
    assert _cells("csv", query)[1][0] == "'=a" and _cells("csv", query)[1][3] == ""
    assert json.loads(_written("json", query))[0]["b"] == "['=b']"


def test_days_moments_and_what_is_not_finite() -> None:
    query = (
        "SELECT DATE '2023-06-14' AS d, TIMESTAMP '2023-06-14 08:30:00' AS t, 'nan'::DOUBLE AS n, 'inf'::DOUBLE AS i"
    )
    assert _cells("csv", query)[1][:2] == ["2023-06-14", "2023-06-14T08:30:00Z"]
    assert json.loads(_written("json", query)) == [
        {"d": "2023-06-14", "t": "2023-06-14T08:30:00", "n": None, "i": None}
    ]


def test_a_file_has_a_byte_order_mark_and_a_pipe_has_none() -> None:
    assert _written("csv", "SELECT 'Mỹ' AS x").startswith(b"\xef\xbb\xbf")
    assert _written("pipe", "SELECT 'Mỹ' AS x") == '"x"\r\n"Mỹ"\r\n'.encode()


def test_an_answer_without_rows_has_its_headings() -> None:
    assert _cells("csv", "SELECT 1 AS a WHERE FALSE") == [["a"]]
    assert json.loads(_written("json", "SELECT 1 AS a WHERE FALSE")) == []
    assert pq.read_schema(io.BytesIO(_written("parquet", "SELECT 1 AS a WHERE FALSE"))).field("a").type == pa.int32()
