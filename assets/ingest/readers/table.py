"""What every reader hands on: Arrow batches of raw text with line numbers and faults. Meaning and rules of columns are not known here."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from assets.ingest.changes import encoding_kind
from assets.ingest.readers.arrow_text import holds_marks
from assets.ingest.readers.legacy import LegacyText
from assets.ingest.readers.options import SkipRule
from assets.ingest.readers.refusal import InputRefused as InputRefused
from assets.text.mend import undo_double_utf8
from quality.problem import did_you_mean

LINE = "_line"
FAULT = "_fault"
RAW = "_raw"
# Added when rows of several inputs are shaped together: which delivery and which sheet they came from.
SEQ = "_seq"
SHEET = "_sheet"
# Columns that are ours; a source's column of such a name is renamed.
OWN_COLUMNS = frozenset({LINE, FAULT, RAW, SEQ, SHEET})

BATCH_ROWS = 50_000

# A NUL cannot be stored by PostgreSQL nor written to XLSX; its visible picture can, and the row is faulted anyway.
NUL_PICTURE = "\u2400"

_INVISIBLE = str.maketrans("", "", "\0\ufeff\u200b")


@dataclass
class RawTable:
    """One table of an input: a sheet, a text file, a query result.

    `batches` can be walked once. Each batch has one string column per heading, then `_line` (int64: physical line,
    sheet row or record ordinal, from 1), `_fault` (rule id of a broken row, else null) and `_raw` (the text of a row
    whose cells cannot be aligned, else null; the cells of such a row are null). A blank cell is "" or null.
    Walking may raise InputRefused late. The counts are final when `batches` is used up: `rows_read` rows were yielded,
    broken ones included; `rows_skipped` were left out by skip rules; blank rows are in neither. `changes` are the cells
    that were read from another encoding or character set.
    """

    sheet: str
    columns: tuple[str, ...]
    batches: Iterator[pa.RecordBatch] = field(default_factory=lambda: iter(()))
    rows_read: int = 0
    rows_skipped: int = 0
    # Heading and kind of change (changes.py) → cells of the rows read.
    changes: Counter[tuple[str, str]] = field(default_factory=Counter)
    # Headings that only say another one in words; a spec need not name them.
    companions: frozenset[str] = frozenset()
    # The sheet's own name, where `sheet` became another one because it named a person.
    title: str | None = None


@dataclass(frozen=True)
class Chunk:
    """Rows as a reader finds them, before blank and skipped rows are taken out.

    `cells` holds one string array per heading, `lines` int64. `faults` and `raws` are given together, or neither.
    A row with a `raw` may bring the cells that could be aligned from the left, for skip rules only.
    """

    cells: Sequence[pa.Array]
    lines: pa.Array
    faults: pa.Array | None = None
    raws: pa.Array | None = None
    may_hold_nul: bool = True


def raw_table(
    sheet: str,
    columns: Sequence[str],
    chunks: Iterator[Chunk],
    skip: Sequence[SkipRule],
    *,
    open_ended: bool = False,
    encoding: str = "utf-8",
    legacy_text: str | None = None,
) -> RawTable:
    """A RawTable over the chunks. Skip rules on an unknown column are refused (skip.column_missing).

    With `open_ended`, headings depend on what the records happen to hold (JSON), and a pattern on an absent one skips nothing.
    `encoding` is what the text was decoded from; for `legacy_text` see LegacyText. Raises InputRefused (text.*).
    """
    legacy = LegacyText(legacy_text)
    if not all(heading.isascii() for heading in columns):
        head = next(chunks, None)
        meant = legacy.headings(columns, head.cells if head is not None else ())
        columns = unique_headings(meant, lambda index: str(index + 1)) if meant is not None else columns
        chunks = chain([head], chunks) if head is not None else chunks
    table = RawTable(sheet=unicodedata.normalize("NFC", sheet), columns=tuple(columns))
    rules: list[tuple[int, SkipRule]] = []
    for rule in skip:
        heading = heading_text(rule.column)
        if heading in table.columns:
            rules.append((table.columns.index(heading), rule))
        elif not open_ended or rule.blank:
            hint = did_you_mean(heading, table.columns)
            raise InputRefused(
                "skip.column_missing",
                f"Quy tắc bỏ qua dòng (skip) dùng cột “{rule.column}” nhưng dữ liệu không có cột này.{hint.vi} "
                "Hãy sửa tên cột trong phần skip của tệp khai báo nguồn.",
                f"A skip rule names the column {rule.column!r}, which the input does not have.{hint.en} "
                "Correct the name under skip in the source spec.",
                sheet=sheet or None,
                column=rule.column,
            )
    table.batches = _batches(table, chunks, rules, legacy, encoding)
    return table


@lru_cache(maxsize=10_000)  # the same few in thousands of small files
def heading_text(text: str) -> str:
    """A heading as it is known everywhere: UTF-8 once, NFC, runs of whitespace as one space, no invisible marks."""
    return " ".join(unicodedata.normalize("NFC", undo_double_utf8(text).translate(_INVISIBLE)).split())


def unique_headings(texts: Sequence[str], place: Callable[[int], str]) -> tuple[str, ...]:
    """Headings made distinct: blank ones become "(column D)" by `place(index)`, repeated ones get " (2)", " (3)".

    Those that differ in case alone are repeated ones: the engine that shapes rows takes them for the same.
    """
    seen = {name.casefold() for name in OWN_COLUMNS}
    headings = []
    for index, text in enumerate(texts):
        base = heading_text(text) or f"(column {place(index)})"
        heading, n = base, 1
        while heading.casefold() in seen:
            n += 1
            heading = f"{base} ({n})"
        seen.add(heading.casefold())
        headings.append(heading)
    return tuple(headings)


def holds_byte(column: pa.Array, byte: bytes) -> bool:
    """Whether the text buffer behind a string array holds a byte; one memchr, no look at single values."""
    data = column.buffers()[2]
    if data is None or not len(column):
        return False
    offsets = np.frombuffer(column.buffers()[1], dtype=np.int32)
    first, last = int(offsets[column.offset]), int(offsets[column.offset + len(column)])
    return re.compile(re.escape(byte)).search(memoryview(data), first, last) is not None


def require_file(path: Path) -> None:
    """Refuses a file that is missing, a folder, unreadable or of zero bytes."""
    try:
        with path.open("rb") as file:
            if file.read(1):
                return
    except FileNotFoundError:
        raise InputRefused(
            "file.missing",
            f"Không tìm thấy tệp “{path.name}”. Hãy kiểm tra đường dẫn trong khai báo nguồn hoặc đề nghị đơn vị gửi lại.",
            f"The file {path.name!r} does not exist. Check the location in the source spec, or ask the sender for it.",
        ) from None
    except OSError as error:
        raise InputRefused(
            "file.unreadable",
            f"Không mở được tệp “{path.name}” ({error.strerror}). Hãy kiểm tra quyền đọc và ổ đĩa.",
            f"The file {path.name!r} cannot be opened ({error.strerror}). Check its permissions and the disk.",
        ) from None
    raise empty_file(path)


def empty_file(path: Path, sheet: str | None = None) -> InputRefused:
    """The refusal of an input without any content."""
    where_vi, where_en = (f"Trang tính “{sheet}” của tệp", f"Sheet {sheet!r} of") if sheet else ("Tệp", "The file")
    return InputRefused(
        "file.empty",
        f"{where_vi} “{path.name}” không có nội dung. Hãy đề nghị đơn vị gửi lại tệp có dòng tiêu đề.",
        f"{where_en} {path.name!r} is empty. Ask the sender for a file that has at least its header.",
        sheet=sheet,
    )


def _batches(
    table: RawTable, chunks: Iterator[Chunk], rules: list[tuple[int, SkipRule]], legacy: LegacyText, encoding: str
) -> Iterator[pa.RecordBatch]:
    schema = pa.schema(
        [(name, pa.string()) for name in table.columns] + [(LINE, pa.int64()), (FAULT, pa.string()), (RAW, pa.string())]
    )
    for chunk in chunks:
        n = len(chunk.lines)
        faults = chunk.faults if chunk.faults is not None else pa.nulls(n, pa.string())
        raws = chunk.raws if chunk.raws is not None else pa.nulls(n, pa.string())
        broken = raws.is_valid() if chunk.raws is not None else None
        cells = legacy.read(chunk.cells)
        converted = [(index, cell) for index, cell in enumerate(cells) if cell is not chunk.cells[index]]

        drop = _blank_rows(cells, broken, n)
        skipped = _skipped_rows(cells, broken, rules)
        if skipped is not None:
            skipped = pc.and_not(skipped, drop) if drop is not None else skipped
            table.rows_skipped += pc.sum(skipped).as_py() or 0
            drop = pc.or_(drop, skipped) if drop is not None else skipped

        if broken is not None:
            null = pa.scalar(None, pa.string())
            cells = [pc.if_else(broken, null, column) for column in cells]
        if chunk.may_hold_nul:
            cells, raws, faults = _picture_nuls(cells, raws, faults)
        batch = pa.RecordBatch.from_arrays([*cells, chunk.lines, faults, raws], schema=schema)
        if drop is not None:
            batch = batch.filter(pc.invert(drop))
        kept = pc.invert(drop) if drop is not None else None
        for index, cell in converted:
            _count(table, index, f"text.{legacy.kinds[index]}", pc.not_equal(cell, chunk.cells[index]), kept)
        if encoding != "utf-8":
            for index, cell in enumerate(chunk.cells):
                if holds_marks(cell):
                    marked = pc.not_equal(pc.utf8_length(cell), pc.binary_length(cell))
                    _count(table, index, encoding_kind(encoding), marked, kept)
        if batch.num_rows:
            table.rows_read += batch.num_rows
            yield batch


def _count(table: RawTable, index: int, kind: str, changed: pa.Array, kept: pa.Array | None) -> None:
    """Count the changed cells of a column in the rows that are kept."""
    changed = changed.fill_null(False)
    number = pc.sum(pc.and_(changed, kept) if kept is not None else changed).as_py()
    if number:
        table.changes[table.columns[index], kind] += number


def _blank_rows(cells: list[pa.Array], broken: pa.Array | None, n: int) -> pa.Array | None:
    """Mask of rows without any content, or None. Stops at the first column that leaves no candidate."""
    mask = pc.invert(broken) if broken is not None else None
    for column in cells:
        blank = pc.equal(pc.utf8_length(pc.utf8_trim_whitespace(column)), 0).fill_null(True)
        mask = blank if mask is None else pc.and_(mask, blank)
        if not pc.any(mask).as_py():
            return None
    return mask


def _skipped_rows(cells: list[pa.Array], broken: pa.Array | None, rules: list[tuple[int, SkipRule]]) -> pa.Array | None:
    mask = None
    for index, rule in rules:
        text = pc.utf8_trim_whitespace(pc.utf8_normalize(cells[index], form="NFC"))
        if rule.matches is not None:
            pattern = unicodedata.normalize("NFC", rule.matches)
            hit = pc.match_substring_regex(text, pattern).fill_null(False)
        else:
            hit = pc.equal(text, "")
            # A cell that a broken row lacks is unknown, not blank: the row must stay to be reported.
            hit = hit.fill_null(True) if broken is None else pc.if_else(hit.is_valid(), hit, pc.invert(broken))
        mask = hit if mask is None else pc.or_(mask, hit)
    return mask


def _picture_nuls(cells: list[pa.Array], raws: pa.Array, faults: pa.Array) -> tuple[list[pa.Array], pa.Array, pa.Array]:
    hit = None
    for index, column in enumerate(cells):
        if holds_byte(column, b"\0"):
            found = pc.match_substring(column, "\0").fill_null(False)
            hit = found if hit is None else pc.or_(hit, found)
            cells[index] = pc.replace_substring(column, "\0", NUL_PICTURE)
    if hit is not None:
        faults = pc.if_else(pc.and_(hit, faults.is_null()), "row.nul", faults)
    return cells, pc.replace_substring(raws, "\0", NUL_PICTURE), faults
