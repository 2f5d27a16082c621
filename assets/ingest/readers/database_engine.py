"""How each database engine is connected to: read-only, within one snapshot, in a stated time zone. Statements stand in database.py."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import sqlalchemy as sa
from sqlalchemy import exc

from assets.ingest.readers.table import InputRefused, require_file
from assets.ingest.time_zone import fixed_offset

CONNECT_SECONDS = 10

# The driver of a URL that names none; where none of SQLAlchemy's choice is installed with us, ours.
DRIVERS = {
    "postgresql": "postgresql+psycopg2",
    "mysql": "mysql+pymysql",
    "mariadb": "mariadb+pymysql",
    "mssql": "mssql+pyodbc",
    "oracle": "oracle+oracledb",
}
# Which extra of pyproject.toml brings the driver.
EXTRAS = {"mysql": "mariadb", "mariadb": "mariadb", "mssql": "sqlserver", "oracle": "oracle"}

# What these servers are told at the beginning; afterwards every statement sees one state of the database.
_BEGIN = {
    "sqlite": ("BEGIN",),
    "postgresql": ("SET LOCAL TIME ZONE '{zone}'",),
    "mysql": (
        "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
        "SET time_zone = '{offset}'",
        "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
    ),
    "oracle": ("SET TRANSACTION READ ONLY",),
}


def is_mysql(address: sa.URL) -> bool:
    """Whether the server is MySQL or MariaDB."""
    return address.get_backend_name() in ("mysql", "mariadb")


def parsed(url: str) -> sa.URL:
    """Return the URL with the driver it leaves out. Raises InputRefused (database.url_invalid), without showing the text."""
    try:
        address = sa.make_url(url)
        if address.get_backend_name() == "sqlite" and address.database in (None, "", ":memory:"):
            raise ValueError("a SQLite URL names a file")
    except (exc.ArgumentError, ValueError):
        # The text is not shown: it may hold a password.
        raise InputRefused(
            "database.url_invalid",
            "Địa chỉ cơ sở dữ liệu không đúng dạng. Hãy viết như sqlite:///thu_muc/tep.sqlite "
            "hoặc postgresql+psycopg2://nguoi_dung@may_chu/co_so_du_lieu.",
            "The database URL is malformed. Write it like sqlite:///folder/file.sqlite "
            "or postgresql+psycopg2://user@host/database.",
        ) from None
    return address.set(drivername=DRIVERS.get(address.drivername, address.drivername))


def connect(address: sa.URL, time_zone: str) -> sa.Connection:
    """Open a connection that cannot write where the engine can be told so, and sees one state of the database.

    PostgreSQL, MySQL/MariaDB (InnoDB tables), Oracle and SQLite have such snapshots; SQL Server reads as its own default
    says. Times that a server shows in the zone of the session come in `time_zone`. Raises InputRefused: file.missing,
    file.empty, file.damaged (SQLite), database.driver_missing, database.unreachable.
    """
    engine = _engine(address)
    try:
        connection = engine.connect()
    except exc.SQLAlchemyError as error:
        raise _unreachable(address, error) from None
    try:
        if address.get_backend_name() == "postgresql":
            connection = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        name = "mysql" if is_mysql(address) else address.get_backend_name()
        offset = fixed_offset(time_zone)
        for statement in _BEGIN.get(name, ()):
            connection.exec_driver_sql(
                statement.format(zone=time_zone, offset=time_zone if offset is None else offset_text(offset))
            )
    except exc.SQLAlchemyError as error:
        connection.close()
        raise _unreachable(address, error) from None
    return connection


def offset_text(offset: dt.timedelta) -> str:
    """Return an offset from UTC as ``+07:00``."""
    minutes = int(offset.total_seconds()) // 60
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


def reason(address: sa.URL, error: exc.SQLAlchemyError) -> str:
    """Return the first line of what the driver says, without the password."""
    said = str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
    if address.password:
        for secret in {address.password, quote_plus(address.password), quote(address.password)}:
            said = said.replace(secret, "***")
    return said


def _engine(address: sa.URL) -> sa.Engine:
    arguments: dict[str, Any] = {}
    backend = address.get_backend_name()
    if backend == "sqlite":
        path = Path(address.database or "")
        require_file(path)
        with path.open("rb") as file:
            if file.read(16) != b"SQLite format 3\0":
                raise InputRefused(
                    "file.damaged",
                    f"Tệp “{path.name}” không phải là cơ sở dữ liệu SQLite, hoặc bị hỏng hay mã hóa. Hãy đề nghị gửi lại.",
                    f"The file {path.name!r} is not a SQLite database, or is damaged or encrypted. Ask for it again.",
                )
        # As a URI, SQLite opens the file without creating or changing it.
        address = address.set(database=f"file:{quote(str(path.resolve()))}", query={"mode": "ro", "uri": "true"})
    elif backend == "postgresql":
        arguments["connect_timeout"] = CONNECT_SECONDS
    try:
        if address.drivername.endswith("+pymysql"):
            arguments |= _pymysql_arguments(address)
        return sa.create_engine(address, connect_args=arguments, poolclass=sa.NullPool)
    except (exc.NoSuchModuleError, ImportError):
        raise _driver_missing(address) from None


def _pymysql_arguments(address: sa.URL) -> dict[str, Any]:
    """BIT as a number, the zero date as none (as MySQL's own connectors have it), text as it is whatever its column's set."""
    from pymysql.constants import FIELD_TYPE
    from pymysql.converters import conversions

    def bits(value: bytes) -> int:
        return int.from_bytes(value, "big")

    of_type: dict[Any, Any] = dict(conversions)
    of_type[FIELD_TYPE.BIT] = bits
    for kind in (FIELD_TYPE.DATE, FIELD_TYPE.DATETIME, FIELD_TYPE.TIMESTAMP):
        of_type[kind] = _unless_zero(of_type[kind])
    arguments: dict[str, Any] = {"connect_timeout": CONNECT_SECONDS, "conv": of_type}
    return arguments if "charset" in address.query else arguments | {"charset": "utf8mb4"}


def _unless_zero(convert: Any) -> Any:
    return lambda text: None if text.startswith("0000-00-00") else convert(text)


def _driver_missing(address: sa.URL) -> InputRefused:
    extra = EXTRAS.get(address.get_backend_name())
    vi, en = "Hãy cài đặt rồi chạy lại.", "Install it and run again."
    if extra is not None:
        vi = f"Hãy cài phần bổ sung “{extra}” (pip install -e '.[{extra}]') rồi chạy lại."
        en = f"Install the extra {extra!r} (pip install -e '.[{extra}]') and run again."
    return InputRefused(
        "database.driver_missing",
        f"Chưa cài trình điều khiển cho “{address.drivername}”. {vi}",
        f"No driver for {address.drivername!r} is installed. {en}",
    )


def _unreachable(address: sa.URL, error: exc.SQLAlchemyError) -> InputRefused:
    shown, said = address.render_as_string(hide_password=True), reason(address, error)
    return InputRefused(
        "database.unreachable",
        f"Không kết nối được tới {shown} ({said}). Hãy kiểm tra máy chủ, tài khoản và mạng rồi chạy lại.",
        f"Cannot connect to {shown} ({said}). Check the server, the account and the network, then run again.",
    )
