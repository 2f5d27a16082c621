"""Tables and queries of a database as rows, through SQLAlchemy and without writing. Credentials are never shown.

How an engine is connected to stands in database_engine.py; what is asked when, in ingest/extract.py.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from functools import cached_property
from itertools import islice
from typing import Any, Literal

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy import exc

from assets.ingest.readers.cells import BinaryValueError, cell_text, text_column
from assets.ingest.readers.database_engine import connect, is_mysql, parsed, reason
from assets.ingest.readers.options import SkipRule
from assets.ingest.readers.table import (
    BATCH_ROWS,
    Chunk,
    InputRefused,
    RawTable,
    raw_table,
    unique_headings,
)
from quality.problem import did_you_mean

# A source's query as a table of its own, so that conditions can be put to it.
_QUERY_NAME = "source_rows"
# MySQL's zero date lies below every date and is none.
_FIRST_DATE = dt.datetime(1, 1, 1)

Moment = dt.datetime | dt.date
WatermarkValue = Moment | int | str | bytes
# What a watermark's values are: a moment with its offset, one without, a day, a whole number, text, bytes.
WatermarkKind = Literal["instant", "datetime", "date", "integer", "text", "bytes", "other"]


@contextmanager
def open_database(
    url: str, *, table: str | None = None, query: str | None = None, time_zone: str = "UTC"
) -> Iterator[Database]:
    """Open one table or view ("name" or "schema.name"), or the result of one query, for reading within one snapshot.

    What the server says in the zone of the session comes in `time_zone`. Raises ValueError unless exactly one of `table`
    and `query` is given; InputRefused, also within the context, as `Database` and `database_engine.connect` say.
    """
    if (table is None) == (query is None):
        raise ValueError("give either a table or a query")
    address = parsed(url)
    connection = connect(address, time_zone)
    try:
        yield Database(connection, address, table, query)
    except exc.SQLAlchemyError as error:
        raise _query_failed(address, reason(address, error)) from None
    finally:
        connection.close()


class Database:
    """The one table of an open database. Every statement sees the same state, where the engine has snapshots.

    Rows stream from the server, batch by batch. Values have the text of workbook cells. A driver's error in the midst is
    raised as InputRefused: database.table_missing, database.query_failed, database.encoding, database.binary_column.
    """

    def __init__(self, connection: sa.Connection, address: sa.URL, table: str | None, query: str | None) -> None:
        self._connection = connection
        self._address = address
        self._table = table
        # A semicolon at the end is usual, and no statement may follow it.
        self._query = (query or "").strip().rstrip(";")
        # The kinds of the watermark's values, known when the rows have been walked.
        self.watermark_kinds: set[WatermarkKind] = set()

    def rows(self, skip: Sequence[SkipRule] = (), most: int | None = None) -> RawTable:
        """Return all rows, or the first `most`; those of a table in the order of its primary key. `_line` is the row's ordinal."""
        if self._table is not None:
            rows = sa.select(sa.text("*")).select_from(self._source).order_by(*self._primary_key)
            return self._raw_table(self._execute(rows, most), skip, most=most)
        if most is not None and is_mysql(self._address):
            # The driver fetches all that is left of a result when it is closed.
            self._connection.exec_driver_sql(f"SET SESSION sql_select_limit = {most}")
        # Without parameters a percent sign or colon in the query means itself.
        result = self._connection.exec_driver_sql(
            self._query, execution_options={"no_parameters": True, "yield_per": _at_a_time(most)}
        )
        if not result.returns_rows:
            raise _query_failed(self._address, "it returns no rows")
        return self._raw_table(result, skip, most=most)

    def rows_since(self, watermark: str, low: WatermarkValue | None, most: int | None = None) -> RawTable:
        """Return the rows whose column of the heading `watermark` is `low` or more, or blank; all when `low` is None, and no
        more than `most`.

        The kinds of its values are in `watermark_kinds` when the batches are used up; bytes come as hexadecimal text.
        """
        column = self._column(watermark)
        rows = sa.select(sa.text("*")).select_from(self._source).order_by(*self._primary_key)
        if low is not None:
            rows = rows.where(sa.or_(column >= _bound(low), self._is_blank(column, low)))
        return self._raw_table(self._execute(rows, most), (), watermark, most)

    def require(self, heading: str) -> None:
        """Raise InputRefused (columns.missing) when the table has no such column."""
        self._column(heading)

    def kind_of(self, watermark: str) -> WatermarkKind | None:
        """Return the kind of the largest value under the heading; None when there is none."""
        column = self._column(watermark)
        one = sa.select(column).select_from(self._source).where(column.is_not(None)).order_by(column.desc()).limit(1)
        value = self._connection.execute(one).scalar()
        return None if value is None else _kind(value)

    def keys(self, headings: Sequence[str], watermark: str) -> RawTable:
        """Return every row's cells under the headings and of its watermark, and no others."""
        headings = tuple(dict.fromkeys((*headings, watermark)))
        columns = [self._column(heading) for heading in headings]
        result = self._execute(sa.select(*columns).select_from(self._source))
        return raw_table("", headings, self._chunks(result, headings, watermark), (), legacy_text="unicode")

    def count_below(self, watermark: str, low: WatermarkValue, start: WatermarkValue | None) -> int:
        """Return how many rows have a watermark below `low`, and not below `start`."""
        column = self._column(watermark)
        below = sa.select(sa.func.count()).select_from(self._source).where(column < _bound(low))
        if start is not None:
            below = below.where(column >= _bound(start))
        elif is_mysql(self._address) and isinstance(low, Moment):
            below = below.where(column >= _bound(_FIRST_DATE))
        return int(self._connection.execute(below).scalar_one())

    @cached_property
    def headings(self) -> tuple[str, ...]:
        """The headings of the table, as readers give them."""
        return unique_headings(list(self._names), _place)

    @cached_property
    def _names(self) -> tuple[str, ...]:
        nothing = sa.select(sa.text("*")).select_from(self._source).where(sa.false())
        return tuple(self._connection.execute(nothing).keys())

    @cached_property
    def _source(self) -> sa.FromClause:
        if self._table is not None:
            name, schema = self._found
            return sa.table(name, schema=schema)
        # A colon begins a parameter unless it is escaped.
        return sa.text(self._query.replace(":", r"\:")).columns(sa.column("any")).subquery(_QUERY_NAME)

    @cached_property
    def _found(self) -> tuple[str, str | None]:
        """The table's name and schema. Raises InputRefused when there is no such table."""
        name = self._table or ""
        inspector = sa.inspect(self._connection)
        schema: str | None = None
        table = name
        if not inspector.has_table(table) and "." in name:
            schema, _, table = name.partition(".")
        if not inspector.has_table(table, schema=schema):
            known = [*inspector.get_table_names(schema=schema), *inspector.get_view_names(schema=schema)]
            hint = did_you_mean(table, known)
            shown = self._address.render_as_string(hide_password=True)
            raise InputRefused(
                "database.table_missing",
                f"Cơ sở dữ liệu {shown} không có bảng “{name}”.{hint.vi} Hãy sửa location.table trong khai báo nguồn.",
                f"The database {shown} has no table {name!r}.{hint.en} Correct location.table in the source spec.",
            )
        return table, schema

    @cached_property
    def _primary_key(self) -> list[sa.ColumnClause[Any]]:
        if self._table is None:
            return []
        table, schema = self._found
        key = sa.inspect(self._connection).get_pk_constraint(table, schema=schema)["constrained_columns"]
        return [sa.column(column) for column in key]

    def _column(self, heading: str) -> sa.ColumnClause[Any]:
        for name, known in zip(self._names, self.headings, strict=True):
            if known == heading:
                return sa.column(name)
        hint = did_you_mean(heading, self.headings)
        raise InputRefused(
            "columns.missing",
            f"Thiếu cột “{heading}”.{hint.vi} Hãy sửa location.watermark hoặc tên cột trong khai báo nguồn.",
            f"Column {heading!r} is missing.{hint.en} Correct location.watermark, or the column, in the source spec.",
            column=heading,
        )

    def _is_blank(self, column: sa.ColumnClause[Any], low: WatermarkValue) -> sa.ColumnElement[bool]:
        blank = column.is_(None)
        if is_mysql(self._address) and isinstance(low, Moment):
            return sa.or_(blank, column < _bound(_FIRST_DATE))
        return blank

    def _execute(self, statement: sa.Select[Any], most: int | None = None) -> sa.CursorResult[Any]:
        statement = statement if most is None else statement.limit(most)
        return self._connection.execute(statement.execution_options(yield_per=_at_a_time(most)))

    def _raw_table(
        self,
        result: sa.CursorResult[Any],
        skip: Sequence[SkipRule],
        watermark: str | None = None,
        most: int | None = None,
    ) -> RawTable:
        columns = unique_headings(list(result.keys()), _place)
        chunks = self._chunks(result, columns, watermark, most)
        return raw_table("", columns, chunks, skip, legacy_text="unicode")

    def _chunks(
        self, result: sa.CursorResult[Any], columns: Sequence[str], watermark: str | None, most: int | None = None
    ) -> Iterator[Chunk]:
        watched = None if watermark is None else columns.index(watermark)
        ordinal = 1
        try:
            # No more than one part is fetched of a query that cannot be told to stop.
            for rows in islice(result.partitions(_at_a_time(most)), None if most is None else -(-most // BATCH_ROWS)):
                values: list[Sequence[Any]] = list(zip(*rows, strict=True))
                if watched is not None:
                    values[watched] = self._watch(values[watched])
                try:
                    cells = [text_column(column) for column in values]
                except BinaryValueError:
                    raise _binary_column(values, columns, ordinal) from None
                yield Chunk(cells, pa.array(range(ordinal, ordinal + len(rows)), pa.int64()))
                ordinal += len(rows)
        except exc.SQLAlchemyError as error:
            raise _query_failed(self._address, reason(self._address, error)) from None

    def _watch(self, values: Sequence[Any]) -> Sequence[Any]:
        """Note the kinds of the watermark's values; bytes (a row version) become text."""
        of_kind = {type(value): _kind(value) for value in values if value is not None}
        self.watermark_kinds |= set(of_kind.values())
        if "bytes" not in of_kind.values():
            return values
        return [bytes(value).hex() if of_kind.get(type(value)) == "bytes" else value for value in values]


def _at_a_time(most: int | None) -> int:
    return BATCH_ROWS if most is None else min(most, BATCH_ROWS)


def _kind(value: Any) -> WatermarkKind:
    match value:
        case dt.datetime():
            return "datetime" if value.tzinfo is None else "instant"
        case dt.date():
            return "date"
        case bool():
            return "other"
        case int():
            return "integer"
        case Decimal():
            return "integer" if value == value.to_integral_value() else "other"
        case str():
            return "text"
        case bytes() | bytearray() | memoryview():
            return "bytes"
    return "other"


def _place(index: int) -> str:
    return str(index + 1)


def _bound(value: WatermarkValue) -> sa.BindParameter[Any]:
    """Return a value as a parameter of its type, which some drivers would take too narrow."""
    if isinstance(value, dt.datetime):
        return sa.literal(value, sa.DateTime(timezone=value.tzinfo is not None))
    return sa.literal(value, sa.BigInteger()) if isinstance(value, int) else sa.literal(value)


def _binary_column(values: Sequence[Sequence[Any]], columns: Sequence[str], ordinal: int) -> InputRefused:
    """Return the refusal of the first row, in a batch that begins with the row `ordinal`, that holds a binary value."""
    for offset, row in enumerate(zip(*values, strict=True)):
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


def _query_failed(address: sa.URL, said: str) -> InputRefused:
    shown = address.render_as_string(hide_password=True)
    undecodable = re.match(r"Could not decode to UTF-8 column '(.*?)'", said)
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
        f"Không đọc được dữ liệu từ {shown} ({said}). Hãy kiểm tra location.query hoặc quyền đọc bảng.",
        f"The data of {shown} cannot be read ({said}). Check location.query, or the right to read the table.",
    )
