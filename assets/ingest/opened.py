"""The tables of inputs in their order, small files begun before their turn: parsers leave a second core idle otherwise."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from itertools import chain, zip_longest
from pathlib import Path

import pyarrow.parquet as pq

from assets.ingest.answers import without_marks
from assets.ingest.plan import PlannedInput
from assets.ingest.readers import open_input
from assets.ingest.readers.options import CsvOptions, DatabaseOptions, ReaderOptions, WorkbookOptions
from assets.ingest.readers.table import OWN_COLUMNS, InputRefused, RawTable
from assets.workers import can_have_workers, worker_pool
from quality.personal import mask

# Files up to this size are begun ahead.
SMALL_BYTES = 4 << 20
# From so many small workbooks on they are read in processes of their own, which take a second to begin.
MANY_WORKBOOKS = 200
# Workbooks that are read, or wait for their turn.
AHEAD = 8

Begin = Callable[[], Iterator[RawTable]]
_Whole = tuple[list[RawTable], InputRefused | None]


def opened(items: Sequence[PlannedInput]) -> Iterator[Begin]:
    """Give for each input what begins its tables. That, and walking the tables, may raise InputRefused."""
    if can_have_workers() and sum(map(_is_small_workbook, items)) >= MANY_WORKBOOKS:
        return _by_processes(items)
    return _by_thread(items)


def tables_of(item: PlannedInput) -> Iterator[RawTable]:
    """Yield the tables of an input; a database's rows come from the copy that plan.py made of them. Raises InputRefused."""
    if item.refusal is not None:
        raise item.refusal
    reader = item.spec.reader
    if item.member is not None:
        with item.member.unpacked() as file:
            yield from tables_of(replace(item, member=None, file=file))
    elif isinstance(reader, DatabaseOptions):
        parquet = pq.ParquetFile(item.file)
        columns = tuple(name for name in parquet.schema_arrow.names if name not in OWN_COLUMNS)
        yield RawTable("", columns, parquet.iter_batches(), rows_read=parquet.metadata.num_rows)
    elif item.answer is not None:
        is_text = isinstance(reader, CsvOptions)
        yield from _named(without_marks(table, is_text) for table in open_input(item.file, reader))
    else:
        yield from _named(open_input(item.file, reader))


def _named(tables: Iterable[RawTable]) -> Iterator[RawTable]:
    """The tables under sheet names that may go with their rows to where no personal data may be; two stay two."""
    masked: Counter[str] = Counter()
    for table in tables:
        name = mask(table.sheet)
        if name != table.sheet:
            masked[name] += 1
            table.title, table.sheet = table.sheet, f"{name} ({masked[name]})"
        yield table


def _by_thread(items: Sequence[PlannedInput]) -> Iterator[Begin]:
    """A small file is begun while the one before it is read."""
    following: Future[Iterator[RawTable]] | None = None
    with ThreadPoolExecutor(max_workers=1) as opener:
        for item, after in zip_longest(items, items[1:]):
            begin = partial(_begun, item) if following is None else following.result
            following = opener.submit(_begun, after) if after is not None and _is_small(after) else None
            yield begin


def _by_processes(items: Sequence[PlannedInput]) -> Iterator[Begin]:
    """Small workbooks are read whole by other processes: most of that work holds Python's lock."""
    waiting: deque[Begin] = deque()
    coming = iter(items)
    with worker_pool() as pool:
        for _ in items:
            while len(waiting) < AHEAD and (item := next(coming, None)) is not None:
                if _is_small_workbook(item):
                    waiting.append(partial(_tables, pool.submit(_whole, item.file, item.spec.reader)))
                else:
                    waiting.append(partial(_begun, item))
            yield waiting.popleft()


def _is_small(item: PlannedInput) -> bool:
    """Whether an input may be begun ahead. One that is unpacked for its reading must not be left begun and unread."""
    try:
        return item.member is None and item.file.stat().st_size <= SMALL_BYTES
    except OSError:
        return False  # told when it is read


def _is_small_workbook(item: PlannedInput) -> bool:
    return (
        isinstance(item.spec.reader, WorkbookOptions)
        and item.refusal is None
        and item.answer is None
        and _is_small(item)
    )


def _begun(item: PlannedInput) -> Iterator[RawTable]:
    """Return the tables of an input, of which the first is there. Raises InputRefused."""
    tables = tables_of(item)
    first = next(tables, None)
    return iter(()) if first is None else chain((first,), tables)


def _whole(file: Path, options: ReaderOptions) -> _Whole:
    """Return every table of a workbook with all its rows, and what refused it after them."""
    tables: list[RawTable] = []
    try:
        for table in _named(open_input(file, options)):
            table.batches = iter(list(table.batches))
            tables.append(table)
    except InputRefused as refusal:
        return tables, refusal
    return tables, None


def _tables(reading: Future[_Whole]) -> Iterator[RawTable]:
    tables, refusal = reading.result()
    yield from tables
    if refusal is not None:
        raise refusal
