"""The analysts' database of a revision, opened so that a query can read the marts and do nothing else.

DuckDB itself refuses files, networks, extensions and settings; beyond that, only statements that read are run.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa

from assets.publish.context import PublishError
from assets.publish.marts import MART_SCHEMA

BATCH_ROWS = 10_000
_SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "enable_external_access": False,
    "allow_community_extensions": False,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    # Variables of this program are no tables.
    "python_enable_replacements": False,
    "memory_limit": "1GB",
    "threads": 2,
    # What does not fit is refused: nothing is spilled to the disk.
    "temp_directory": "",
}
_READING = frozenset({duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN})
# Functions that take addresses of memory, write, or run a text as a query, though they stand in a SELECT.
_NO_FUNCTION = re.compile(
    r"\b((?:python_)?arrow_scan(?:_dumb)?|pandas_scan|write_log|force_checkpoint|query|query_table)\s*\(", re.IGNORECASE
)


_COMMENT = re.compile(r"\A(?:\s*(?:--[^\n]*(?:\n|\Z)|/\*.*?\*/))+", re.DOTALL)
_OPENING = 40


class QueryRefused(Exception):
    """The query was not run to its end; the message says why and what to do, in English and Vietnamese."""


@contextmanager
def open_locked(revision: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The marts of a revision's folder, read-only and locked; names of marts need no schema.

    Raises PublishError where the folder has no database.
    """
    path = revision / "analyst" / "sipas.duckdb"
    if not path.is_file():
        raise PublishError(f"{revision} holds no analyst/sipas.duckdb (không có cơ sở dữ liệu cho người phân tích).")
    with duckdb.connect(str(path), read_only=True, config=_SETTINGS) as database:
        database.execute("SET lock_configuration = true")
        yield database


@contextmanager
def answer(database: duckdb.DuckDBPyConnection, query: str, seconds: float) -> Iterator[pa.RecordBatchReader]:
    """The rows of one statement that reads, in batches. The query is stopped after `seconds`, the reading of it included.

    Raises QueryRefused for a statement that is not one, does more than read, fails or takes too long.
    """
    statement = _one_reading(database, query)
    late = threading.Event()
    # A connection of its own: one refuses other work while a result is open, as it is where the rest of it is not wanted.
    cursor = database.cursor()

    def stop() -> None:
        late.set()
        cursor.interrupt()

    timer = threading.Timer(seconds, stop)
    timer.daemon = True
    timer.start()
    try:
        cursor.execute(f"USE {MART_SCHEMA}")
        yield cursor.sql(statement).to_arrow_reader(BATCH_ROWS)
    except (duckdb.Error, pa.ArrowException, OSError, RuntimeError) as error:
        if late.is_set():
            raise QueryRefused(
                f"The query took longer than {seconds:g} seconds and was stopped; narrow it or raise --seconds"
                " (truy vấn quá lâu nên đã dừng)"
            ) from None
        raise QueryRefused(_reason(error)) from None
    finally:
        timer.cancel()
        cursor.close()


def _one_reading(database: duckdb.DuckDBPyConnection, query: str) -> str:
    try:
        statements = database.extract_statements(query)
    except duckdb.Error as error:
        raise QueryRefused(_reason(error)) from None
    if len(statements) != 1:
        raise QueryRefused(f"Give one statement, not {len(statements)} (mỗi lần một câu lệnh)")
    statement = statements[0]
    try:
        kind = statement.type
    except ValueError:  # a kind that DuckDB has no name for in Python
        kind = None
    if kind not in _READING:
        raise QueryRefused(
            f"“{_opening(query)}” is not run here: a revision is only read, by SELECT, FROM, DESCRIBE, SUMMARIZE, SHOW or"
            " EXPLAIN (chỉ đọc, không ghi và không đổi thiết lập)"
        )
    if statement.named_parameters:
        raise QueryRefused("A query takes no parameters: write the values into it (không dùng tham số)")
    if found := _NO_FUNCTION.search(query.replace('"', "")):
        raise QueryRefused(f"The function {found[1]} is not run here (không dùng hàm này)")
    return statement.query


def _opening(query: str) -> str:
    """The first words of a statement as they were written: DuckDB calls some statements by the names of others."""
    written = " ".join(_COMMENT.sub(" ", query).rstrip("; \n").split())
    return written if len(written) <= _OPENING else f"{written[:_OPENING].rstrip()}…"


def _reason(error: Exception) -> str:
    """What DuckDB says, and for what is locked also why."""
    text = str(error).strip()
    if isinstance(error, duckdb.PermissionException) or "has been locked" in text or "requires the extension" in text:
        return (
            "A query reads the marts alone: no files, no network, no extensions, no settings"
            f" (chỉ đọc các bảng đã công bố). DuckDB: {text.splitlines()[0]}"
        )
    if isinstance(error, duckdb.OutOfMemoryException):
        return f"The query needs more memory than it is given; narrow it (thiếu bộ nhớ). DuckDB: {text.splitlines()[0]}"
    return text
