"""`sipas sql`: queries on the analysts' marts of a revision, answered on the terminal or into a file."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import duckdb
import pyarrow as pa

from assets.lookup.answers import FORMATS, csv_without_mark, plain
from assets.lookup.database import QueryRefused, answer, open_locked
from assets.lookup.saved import saved_queries, saved_query
from assets.workspace import Workspace
from pipelines.cli.lookup import MISTAKES, refuse, revision_of
from pipelines.cli.progress import console
from pipelines.cli.tables import say, show_table

TABLE = "table"
_ROWS_SHOWN = 200
_LIST = "list"
_HELP = """A statement ends with ; and may run over lines. Names of marts need no schema.
  .tables       the marts and what they hold        DESCRIBE sipas_index;   the columns of one
  .saved        the saved queries                   .quit or Ctrl-D         the end"""


def run_sql(
    workspace: Workspace,
    query: str | None,
    file: Path | None,
    saved: str | None,
    revision: str | None,
    form: str | None,
    out: Path | None,
    seconds: float,
    period: str | None,
    unit: str | None,
) -> None:
    """Answer one query, list the saved ones, or, with nothing to run and a terminal, ask for statements until the end."""
    if saved == _LIST:
        _list_saved()
        return
    form = _form(form, out)
    folder = revision_of(workspace, revision)
    if out is not None:
        _check_out(out, workspace)
    try:
        text = _text(query, file, saved, period, unit)
        with open_locked(folder) as marts:
            if text is None:
                _ask(marts, folder.name, seconds)
            else:
                _answer(marts, text, form, out, seconds)
    except MISTAKES as error:
        raise refuse(error) from None


def _form(form: str | None, out: Path | None) -> str:
    """The format asked for, else the one the file's name ends with, else a table."""
    if form is None and out is not None:
        form = out.suffix.removeprefix(".").lower()
        if form not in FORMATS:
            raise refuse(
                f"{out} does not say in which format: let its name end with {', '.join(f'.{name}' for name in FORMATS)}, or"
                f" give --format {', '.join(FORMATS)} (đuôi tệp không phải định dạng nào: đổi đuôi hoặc thêm --format)"
            )
    form = form or TABLE
    if form not in (*FORMATS, TABLE):
        raise refuse(
            f"There is no format “{form}”: give --format {', '.join((TABLE, *FORMATS))} (không có định dạng này)"
        )
    if out is not None and form == TABLE:
        raise refuse("A table is for the terminal: give --format csv, json or parquet (chọn định dạng tệp)")
    if out is None and form == "parquet":
        raise refuse("A Parquet file needs a place: give --out FILE (thêm --out)")
    return form


def _check_out(out: Path, workspace: Workspace) -> None:
    if out.exists():
        raise refuse(f"{out} is there already and is not overwritten (tệp đã có, không ghi đè)")
    if out.resolve().is_relative_to(workspace.published.resolve()):
        raise refuse("Nothing is written into published/: choose another folder (không ghi vào published/)")
    if not out.parent.is_dir():
        raise refuse(f"There is no folder {out.parent} (không có thư mục này)")


def _text(query: str | None, file: Path | None, saved: str | None, period: str | None, unit: str | None) -> str | None:
    """The query to run; None to ask for it at a terminal."""
    if saved is not None:
        return saved_query(saved).narrowed(period, unit)
    if file is not None:
        return file.read_text(encoding="utf-8-sig")
    if query is None and not _is_terminal():
        return sys.stdin.read()
    return query


def _is_terminal() -> bool:
    return sys.stdin.isatty()


def _answer(marts: duckdb.DuckDBPyConnection, text: str, form: str, out: Path | None, seconds: float) -> None:
    with answer(marts, text, seconds) as reader:
        if form == TABLE:
            _show(reader)
        elif out is None:
            write = csv_without_mark if form == "csv" else FORMATS[form]
            write(reader, sys.stdout.buffer)
            sys.stdout.buffer.flush()
        else:
            # Written aside and renamed: a query that fails half way leaves no half file.
            aside = out.with_name(f".{out.name}.new")
            try:
                with aside.open("wb") as sink:
                    rows = FORMATS[form](reader, sink)
                aside.replace(out)
            finally:
                aside.unlink(missing_ok=True)
            say(f"{rows:,} row(s) written to {out}")


def _show(reader: pa.RecordBatchReader) -> None:
    """The first rows as a table; codes and years as they are, without thousands marks."""
    schema, batches = plain(reader)
    rows: list[tuple[object, ...]] = []
    more = False
    for batch in batches:
        columns = [column.to_pylist() for column in batch.columns]
        rows += [
            tuple(str(value) if isinstance(value, int) else value for value in row)
            for row in zip(*columns, strict=True)
        ]
        if more := len(rows) > _ROWS_SHOWN:
            break
    numbers = [name for name, kind in zip(schema.names, schema.types, strict=True) if _is_number(kind)]
    show_table(schema.names, rows[:_ROWS_SHOWN], numbers=numbers)
    if more:
        say(f"The first {_ROWS_SHOWN} rows; --out FILE.csv writes all (còn nữa; --out để ghi hết)")
    else:
        say(f"{len(rows):,} row(s)")


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def _list_saved() -> None:
    for query in saved_queries().values():
        say(query.name, "bold")
        say(f"  {query.answers.vi}")
        say(f"  {query.answers.en} One row per {query.grain}.")
        for caveat in query.caveats:
            say(f"  ! {caveat}")


def _ask(marts: duckdb.DuckDBPyConnection, revision: str, seconds: float) -> None:
    """Read statements up to `;` and answer each; a mistake ends the statement, not the prompt. No history is kept."""
    say(f"Revision {revision}, read-only. .help explains, .quit ends. (Chỉ đọc; .help để xem hướng dẫn)")
    with suppress(EOFError):
        for statement in _statements():
            try:
                _command(marts, statement, seconds)
            except EOFError:
                return
            except MISTAKES as error:
                say(str(error), "red")


def _statements() -> Iterator[str]:
    """What is typed, cut at lines that end with `;` and at lines that begin with a dot."""
    held: list[str] = []
    while True:
        try:
            line = input("... " if held else "sipas> ")
        except KeyboardInterrupt:
            console.print()
            held.clear()
            continue
        if not held and line.strip().startswith("."):
            yield line.strip()
        elif line.strip() or held:
            held.append(line)
            if line.rstrip().endswith(";"):
                yield "\n".join(held)
                held.clear()


def _command(marts: duckdb.DuckDBPyConnection, statement: str, seconds: float) -> None:
    if statement in (".quit", ".exit"):
        raise EOFError
    if statement == ".help":
        say(_HELP)
    elif statement == ".saved":
        _list_saved()
    elif statement == ".tables":
        comments = "SELECT table_name AS mart, split_part(comment, '. ', 1) AS holds FROM duckdb_tables() ORDER BY 1"
        _answer(marts, comments, TABLE, None, seconds)
    elif statement.startswith("."):
        raise QueryRefused(f"There is no {statement}; .help tells what there is (không có lệnh này)")
    else:
        _answer(marts, statement, TABLE, None, seconds)
