"""Tables and queries of a database as rows, through SQLAlchemy and without writing. Credentials are never shown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy import exc

from assets.ingest.readers.cells import BinaryValueError, cell_text, text_column
from assets.ingest.readers.options import DatabaseOptions
from assets.ingest.readers.table import (
    BATCH_ROWS,
    Chunk,
    InputRefused,
    RawTable,
    raw_table,
    require_file,
    unique_headings,
)
from quality.problem import did_you_mean

_CONNECT_SECONDS = 10


def read_database(
    url: str, options: DatabaseOptions, *, table: str | None = None, query: str | None = None
) -> Iterator[RawTable]:
    """Yield the one table of a database: a table or view ("name" or "schema.name"), or the result of a query.

    Rows stream from the server, in a read-only transaction on PostgreSQL and from a file opened read-only on SQLite;
    tables are ordered by primary key. `_line` is the row's ordinal. Values have the text of workbook cells. The
    connection is closed when the batches are used up. Raises ValueError unless exactly one of `table` and `query` is
    given; InputRefused: file.missing, file.empty, file.damaged (SQLite), database.url_invalid,
    database.driver_missing, database.unreachable, database.table_missing, database.query_failed,
    database.encoding, database.binary_column.
    """
    if (table is None) == (query is None):
        raise ValueError("give either a table or a query")
    address = _address(url)
    engine = _engine(address)
    try:
        connection = engine.connect()
    except exc.SQLAlchemyError as error:
        raise _unreachable(address, error) from None
    try:
        connection = connection.execution_options(yield_per=BATCH_ROWS)
        if address.get_backend_name() == "postgresql":
            connection = connection.execution_options(postgresql_readonly=True)
        if table is not None:
            result: sa.CursorResult[Any] = connection.execute(_select(connection, address, table))
        else:
            # Without parameters a percent sign or colon in the query means itself.
            statement = (query or "").strip().rstrip(";")
            result = connection.exec_driver_sql(statement, execution_options={"no_parameters": True})
        if not result.returns_rows:
            raise _query_failed(address, "it returns no rows")
        columns = unique_headings(list(result.keys()), lambda index: str(index + 1))
        yield raw_table("", columns, _chunks(connection, result, address, columns), options.skip, legacy_text="unicode")
    except exc.SQLAlchemyError as error:
        connection.close()
        raise _query_failed(address, _reason(address, error)) from None
    except InputRefused:
        connection.close()
        raise


def _address(url: str) -> sa.URL:
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
    return address


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
        arguments["connect_timeout"] = _CONNECT_SECONDS
    try:
        return sa.create_engine(address, connect_args=arguments, poolclass=sa.NullPool)
    except (exc.NoSuchModuleError, ImportError):
        raise InputRefused(
            "database.driver_missing",
            f"Chưa cài trình điều khiển cho “{address.drivername}”. Hãy cài đặt rồi chạy lại.",
            f"No driver for {address.drivername!r} is installed. Install it and run again.",
        ) from None


def _select(connection: sa.Connection, address: sa.URL, name: str) -> sa.Select[Any]:
    inspector = sa.inspect(connection)
    schema: str | None = None
    table = name
    if not inspector.has_table(table) and "." in name:
        schema, _, table = name.partition(".")
    if not inspector.has_table(table, schema=schema):
        known = [*inspector.get_table_names(schema=schema), *inspector.get_view_names(schema=schema)]
        hint = did_you_mean(table, known)
        shown = address.render_as_string(hide_password=True)
        raise InputRefused(
            "database.table_missing",
            f"Cơ sở dữ liệu {shown} không có bảng “{name}”.{hint.vi} Hãy sửa location.table trong khai báo nguồn.",
            f"The database {shown} has no table {name!r}.{hint.en} Correct location.table in the source spec.",
        )
    key = inspector.get_pk_constraint(table, schema=schema)["constrained_columns"]
    rows = sa.select(sa.text("*")).select_from(sa.table(table, schema=schema))
    return rows.order_by(*(sa.column(column) for column in key))


def _chunks(
    connection: sa.Connection, result: sa.CursorResult[Any], address: sa.URL, columns: Sequence[str]
) -> Iterator[Chunk]:
    ordinal = 1
    try:
        for rows in result.partitions(BATCH_ROWS):
            values = list(zip(*rows, strict=True))
            try:
                cells = [text_column(column) for column in values]
            except BinaryValueError:
                raise _binary_column(rows, columns, ordinal) from None
            yield Chunk(cells, pa.array(range(ordinal, ordinal + len(rows)), pa.int64()))
            ordinal += len(rows)
    except exc.SQLAlchemyError as error:
        raise _query_failed(address, _reason(address, error)) from None
    finally:
        connection.close()


def _binary_column(rows: Sequence[sa.Row[Any]], columns: Sequence[str], ordinal: int) -> InputRefused:
    for offset, row in enumerate(rows):
        for heading, value in zip(columns, row, strict=True):
            try:
                cell_text(value)
            except BinaryValueError:
                return InputRefused(
                    "database.binary_column",
                    f"Cột “{heading}” chứa dữ liệu nhị phân. Hãy dùng location.query chỉ lấy các cột văn bản, số và ngày.",
                    f"The column {heading!r} holds binary data. Use location.query to take only text, numbers and dates.",
                    line=ordinal + offset,
                    column=heading,
                )
    raise AssertionError("no binary value in the batch that was refused for one")


def _reason(address: sa.URL, error: exc.SQLAlchemyError) -> str:
    """The first line of what the driver says, without the password."""
    said = str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
    if address.password:
        for secret in {address.password, quote_plus(address.password), quote(address.password)}:
            said = said.replace(secret, "***")
    return said


def _unreachable(address: sa.URL, error: exc.SQLAlchemyError) -> InputRefused:
    shown, reason = address.render_as_string(hide_password=True), _reason(address, error)
    return InputRefused(
        "database.unreachable",
        f"Không kết nối được tới {shown} ({reason}). Hãy kiểm tra máy chủ, tài khoản và mạng rồi chạy lại.",
        f"Cannot connect to {shown} ({reason}). Check the server, the account and the network, then run again.",
    )


def _query_failed(address: sa.URL, reason: str) -> InputRefused:
    shown = address.render_as_string(hide_password=True)
    undecodable = re.match(r"Could not decode to UTF-8 column '(.*?)'", reason)
    if undecodable:
        # The driver's message goes on with the text itself, which may be personal.
        return InputRefused(
            "database.encoding",
            f"Cột “{undecodable[1]}” của {shown} có văn bản không phải UTF-8. Hãy xuất lại cơ sở dữ liệu ở dạng UTF-8.",
            f"The column {undecodable[1]!r} of {shown} holds text that is not UTF-8. Export the database again as UTF-8.",
            column=undecodable[1],
        )
    return InputRefused(
        "database.query_failed",
        f"Không đọc được dữ liệu từ {shown} ({reason}). Hãy kiểm tra location.query hoặc quyền đọc bảng.",
        f"The data of {shown} cannot be read ({reason}). Check location.query, or the right to read the table.",
    )
