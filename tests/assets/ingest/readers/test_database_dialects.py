"""SQL Server and Oracle, of which no server stands here: the statements in their dialects, and drivers that are missing."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mssql, oracle

from assets.ingest.readers import InputRefused
from assets.ingest.readers.database import Database, open_database

MOMENT = dt.datetime(2023, 6, 1, 8)


class _Asked(Exception):
    """The statement that was to be executed."""


class _Listener:
    """A connection that answers every statement by showing it in a dialect, its values in their places."""

    def __init__(self, dialect: sa.Dialect) -> None:
        self._dialect = dialect

    def execute(self, statement: sa.Select[Any]) -> None:
        compiled = statement.compile(dialect=self._dialect)
        text = re.sub(r"\s+", " ", str(compiled))
        raise _Asked(f"{text} {sorted(map(str, compiled.params.values()))}")


def database(name: str, query: str | None = None) -> Database:
    """A table `ho_so` of an owner with two columns and a key, or a query, before anything was asked."""
    dialect = {"mssql": mssql.dialect(), "oracle": oracle.dialect()}[name]
    url = sa.make_url({"mssql": "mssql+pyodbc://reader@host/db", "oracle": "oracle+oracledb://reader@host"}[name])
    table = None if query is not None else "ho_so"
    opened = Database(_Listener(dialect), url, table, query)  # type: ignore[arg-type]
    opened.__dict__ |= {"_found": ("ho_so", "mot_cua"), "_names": ("ma", "sua_luc")}
    opened.__dict__["_primary_key"] = [sa.column("ma")] if table else []
    return opened


def asked(call: Any) -> str:
    with pytest.raises(_Asked) as caught:
        call()
    return str(caught.value)


@pytest.mark.parametrize(("name", "brackets"), [("mssql", " AS source_rows"), ("oracle", " source_rows")])
def test_changed_rows_and_late_rows(name: str, brackets: str) -> None:
    table = database(name)
    assert asked(lambda: table.rows_since("sua_luc", MOMENT)) == (
        "SELECT * FROM mot_cua.ho_so WHERE sua_luc >= :param_1 OR sua_luc IS NULL ORDER BY ma ['2023-06-01 08:00:00']"
    )
    assert asked(lambda: table.rows_since("sua_luc", None)) == "SELECT * FROM mot_cua.ho_so ORDER BY ma []"
    assert asked(lambda: table.count_below("sua_luc", 9, 3)) == (
        "SELECT count(*) AS count_1 FROM mot_cua.ho_so WHERE sua_luc < :param_1 AND sua_luc >= :param_2 ['3', '9']"
    )
    assert asked(lambda: table.keys(["ma"], "sua_luc")) == "SELECT ma, sua_luc FROM mot_cua.ho_so []"
    query = database(name, "select ma, sua_luc from ho_so where ghi_chu like '50%' and luc = '10:30';")
    assert asked(lambda: query.rows_since("sua_luc", MOMENT)) == (
        f"SELECT * FROM (select ma, sua_luc from ho_so where ghi_chu like '50%' and luc = '10:30'){brackets} "
        "WHERE sua_luc >= :param_1 OR sua_luc IS NULL ['2023-06-01 08:00:00']"
    )


def test_the_largest_value_alone_is_fetched() -> None:
    on_sql_server = asked(lambda: database("mssql").kind_of("sua_luc"))
    assert on_sql_server.startswith("SELECT TOP") and "ORDER BY sua_luc DESC" in on_sql_server
    on_oracle = asked(lambda: database("oracle").kind_of("sua_luc"))
    assert "ORDER BY sua_luc DESC" in on_oracle and "FETCH FIRST" in on_oracle


@pytest.mark.parametrize(
    ("url", "driver", "extra"),
    [
        ("mssql://reader:s3cr@host/db", "mssql+pyodbc", "sqlserver"),
        ("oracle://reader:s3cr@host/db", "oracle+oracledb", "oracle"),
        ("mysql+mysqldb://reader:s3cr@host/db", "mysql+mysqldb", "mariadb"),
        ("nosuch://reader:s3cr@host/db", "nosuch", None),
    ],
)
def test_a_missing_driver_names_the_extra(
    url: str, driver: str, extra: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("pyodbc", "oracledb", "MySQLdb"):
        monkeypatch.setitem(__import__("sys").modules, module, None)
    with pytest.raises(InputRefused) as caught, open_database(url, table="ho_so"):
        pass
    refused = caught.value
    assert refused.rule == "database.driver_missing"
    for message in (refused.message_vi, refused.message_en):
        assert driver in message and "s3cr" not in message
        assert (f".[{extra}]" in message) if extra else ("pip" not in message)
