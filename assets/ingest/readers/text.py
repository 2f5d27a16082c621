"""Delimited text (CSV, TSV): encoding, delimiter, header and exact physical lines. What the columns mean is not known here."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from assets.csv_blocks import CsvBlocks
from assets.ingest.readers.legacy import ambiguous_text
from assets.ingest.readers.limits import MAX_FILE_BYTES, require_columns, require_size, too_large
from assets.ingest.readers.options import CsvOptions
from assets.ingest.readers.table import (
    BATCH_ROWS,
    Chunk,
    InputRefused,
    RawTable,
    empty_file,
    holds_byte,
    raw_table,
    require_file,
    unique_headings,
)
from assets.text.detect import MOST_WORDS, detect_words, marked_words

DELIMITERS = ",;\t|"

# One block is parsed at a time; a single record must fit in it.
BLOCK_BYTES = 8 << 20

_HEAD_BYTES = 1 << 16
_SCAN_BYTES = 1 << 20
_DECODED_CHARACTERS = 1 << 16
_LONGEST_LINE = 1 << 20
_SAMPLE_LINES = 60

# What a file that is no text begins with, and its name for the message.
_SIGNATURES = {
    b"PK\x03\x04": "XLSX/ZIP",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "XLS/OLE",
    b"%PDF": "PDF",
    b"\x1f\x8b": "gzip",
    b"PAR1": "Parquet",
    b"SQLite format 3\0": "SQLite",
}


@dataclass(frozen=True)
class TextProfile:
    """What one pass over the bytes of a text file shows. `bom_bytes` stand before the text."""

    encoding: str
    bom_bytes: int
    has_nul: bool
    quotes: int


def read_text(path: Path, options: CsvOptions) -> Iterator[RawTable]:
    """Yield the one table of a delimited text file.

    The header is the first line with content at or after `header_line`; lines above it are passed over. Raises
    InputRefused (file.*), some of it only while the batches are walked (an unclosed quote).
    """
    require_file(path)
    require_size(path, MAX_FILE_BYTES)
    profile = profile_text(path, options.encoding)
    delimiter = options.delimiter or _find_delimiter(path, profile, options.header_line)
    text = open_text(path, profile)
    header, header_end, consumed = _read_header(path, text, delimiter, options.header_line)
    require_columns(path, len(header))
    columns = unique_headings(header, lambda index: str(index + 1))
    source = _rest(path, profile, text, consumed)
    chunks = _chunks(path, source, profile, delimiter, len(columns), header_end) if source is not None else iter(())
    yield raw_table("", columns, chunks, options.skip, encoding=profile.encoding, legacy_text=options.legacy_text)


@dataclass(frozen=True)
class TextHead:
    """What stands above the rows of a delimited text: the lines before the header, its headings, and how cells are divided."""

    above: list[str]
    columns: tuple[str, ...]
    delimiter: str


def text_head(path: Path, options: CsvOptions) -> TextHead:
    """Return the head of the file that `read_text` reads. Raises InputRefused as it does."""
    profile = profile_text(path, options.encoding)
    delimiter = options.delimiter or _find_delimiter(path, profile, options.header_line)
    with open_text(path, profile) as text:
        above = [line.rstrip("\r\n") for line in islice(_lines(path, text), options.header_line - 1)]
    with open_text(path, profile) as text:
        header, _, _ = _read_header(path, text, delimiter, options.header_line)
    return TextHead(above, unique_headings(header, lambda index: str(index + 1)), delimiter)


def profile_text(path: Path, stated: str | None) -> TextProfile:
    """Find (or check, when stated) the encoding of a whole text file and the marks that decide how it is parsed.

    A byte order mark wins over the statement. Without either, the text is UTF-16 when every second byte of its head is
    often NUL, UTF-8 when all of it decodes, else the one of tcvn3, vni, viscii and cp1258 in which its words are Vietnamese
    syllables, cp1252 when there is none. Raises InputRefused: file.not_text, file.encoding (with the line of the first byte
    that does not decode), text.ambiguous.
    """
    require_file(path)
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    for signature, name in _SIGNATURES.items():
        if head.startswith(signature):
            raise _not_text(path, f" ({name})")
    marks = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
    for mark, encoding in marks:
        if head.startswith(mark):
            return _scan(path, encoding, len(mark))
    if stated is not None:
        name = codecs.lookup(stated).name
        return _scan(path, {"utf-8-sig": "utf-8", "utf-16": "utf-16-le", "ascii": "utf-8"}.get(name, name), 0)

    even, odd = head[::2].count(0) / len(head), head[1::2].count(0) / len(head)
    if max(even, odd) > 0.15 and min(even, odd) < 0.02:
        return _scan(path, "utf-16-le" if odd > even else "utf-16-be", 0)
    if head.count(0) / len(head) > 0.3:
        raise _not_text(path, "")
    try:
        return _scan(path, "utf-8", 0)
    except InputRefused as refusal:
        controls = sum(byte < 32 and byte not in b"\t\n\f\r\x1a" for byte in head) / len(head)
        if controls > 0.01:
            raise _not_text(path, "") from None
        if _mostly_utf8(head):
            raise refusal
    return _scan(path, _eight_bit(path), 0)


def _scan(path: Path, encoding: str, bom_bytes: int) -> TextProfile:
    if encoding == "utf-8" and (profile := _scan_utf8(path, bom_bytes)) is not None:
        return profile
    decoder = codecs.getincrementaldecoder(encoding)()
    has_nul, quotes, fed = False, 0, bom_bytes
    with path.open("rb") as file:
        file.seek(bom_bytes)
        while True:
            block = file.read(_SCAN_BYTES)
            try:
                text = decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                # The decoder may have kept the first bytes of a character from the block before.
                at = fed + len(block) - len(error.object) + error.start
                raise _not_decodable(path, encoding, _line_at(path, encoding, bom_bytes, at), error) from None
            if not block:
                return TextProfile(encoding, bom_bytes, has_nul, quotes)
            has_nul = has_nul or "\0" in text
            quotes += text.count('"')
            fed += len(block)


def _scan_utf8(path: Path, bom_bytes: int) -> TextProfile | None:
    """The profile of a text that is UTF-8 throughout, else None; Arrow checks bytes several times as fast as Python decodes."""
    has_nul, quotes, rest = False, 0, b""
    with path.open("rb") as file:
        file.seek(bom_bytes)
        while block := file.read(_SCAN_BYTES):
            has_nul = has_nul or b"\0" in block
            quotes += block.count(b'"')
            block = rest + block
            # The last character may go on in the next block: it is looked at with that one.
            end = len(block) - 1
            while end > max(len(block) - 4, 0) and block[end] & 0xC0 == 0x80:
                end -= 1
            block, rest = block[:end], block[end:]
            if not _is_utf8(block):
                return None
    return TextProfile("utf-8", bom_bytes, has_nul, quotes) if _is_utf8(rest) else None


def _is_utf8(text: bytes) -> bool:
    offsets = np.array([0, len(text)], dtype=np.int32)
    try:
        pa.Array.from_buffers(pa.binary(), 1, [None, pa.py_buffer(offsets), pa.py_buffer(text)]).cast(pa.string())
    except pa.ArrowInvalid:
        return False
    return True


def _line_at(path: Path, encoding: str, start: int, offset: int) -> int:
    """The physical line (1-based) on which the byte at `offset` stands; all bytes before it decode."""
    decoder = io.IncrementalNewlineDecoder(codecs.getincrementaldecoder(encoding)(), translate=True)
    line, left = 1, offset - start
    with path.open("rb") as file:
        file.seek(start)
        while left > 0:
            block = file.read(min(left, _SCAN_BYTES))
            left -= len(block)
            line += decoder.decode(block, final=left == 0).count("\n")
    return line


def _mostly_utf8(head: bytes) -> bool:
    """Whether a text that is not UTF-8 was meant to be: nearly all its non-ASCII characters are sound."""
    text = head.decode("utf-8", "replace")
    bad = text.count("\ufffd")
    good = sum(not character.isascii() for character in text) - bad
    return good > 10 * bad


def _eight_bit(path: Path) -> str:
    """The encoding of a text that is not UTF-8, by all its words that hold a byte above ASCII."""
    words: set[bytes] = set()
    with path.open("rb") as file:
        while (block := file.read(_SCAN_BYTES)) and len(words) < MOST_WORDS:
            # The last word goes on to the end of its line.
            words |= marked_words(block + file.readline(_SCAN_BYTES))
    found = detect_words(words)
    if found.encoding is None:
        raise ambiguous_text("encoding", found.candidates)
    return found.encoding


def open_text(path: Path, profile: TextProfile, *, errors: str = "strict", newline: str | None = "") -> TextIO:
    """The text of a profiled file from after its byte order mark; line ends as they are unless `newline` is None."""
    file = path.open("rb")
    file.seek(profile.bom_bytes)
    return io.TextIOWrapper(file, encoding=profile.encoding, errors=errors, newline=newline)


def _lines(path: Path, text: TextIO) -> Iterator[str]:
    while line := text.readline(_LONGEST_LINE):
        if len(line) == _LONGEST_LINE:
            raise long_line(path, None)
        yield line


def _find_delimiter(path: Path, profile: TextProfile, header_line: int) -> str:
    """The candidate that cuts most rows of the head into as many cells as the header; then the one with most cells."""
    sample: list[str] = []
    with open_text(path, profile) as text:
        for number, line in enumerate(_lines(path, text), start=1):
            if number >= header_line and (sample or line.strip()):
                sample.append(line)
            if len(sample) == _SAMPLE_LINES:
                break
    best, best_score = DELIMITERS[0], (0.0, 1)
    for delimiter in DELIMITERS:
        try:
            widths = [len(row) for row in csv.reader(sample, delimiter=delimiter) if row]
        except csv.Error:
            continue
        if widths and widths[0] > 1:
            score = (round(widths.count(widths[0]) / len(widths), 1), widths[0])
            if score > best_score:
                best, best_score = delimiter, score
    return best


def _read_header(path: Path, text: TextIO, delimiter: str, header_line: int) -> tuple[list[str], int, int]:
    """The header's cells, the physical line it ends on, and the UTF-8 length of all up to there."""
    consumed = number = 0
    content = False
    quotes = 0

    def lines() -> Iterator[str]:
        nonlocal consumed, number, content, quotes
        for line in _lines(path, text):
            number += 1
            consumed += len(line.encode())
            content = content or bool(line.strip())
            if number >= header_line and (quotes or line.strip()):
                quotes += line.count('"')
                yield line

    try:
        header = next(csv.reader(lines(), delimiter=delimiter), [])
    except csv.Error:
        raise _quote_unclosed(path, header_line) from None
    if not content:
        raise empty_file(path)
    if not any(cell.strip() for cell in header):
        raise InputRefused(
            "file.header_missing",
            f"Không có dòng tiêu đề ở dòng {header_line} của tệp “{path.name}”. Hãy sửa header_line trong khai báo nguồn.",
            f"There is no header at line {header_line} of {path.name!r}. Correct header_line in the source spec.",
            line=header_line,
        )
    if quotes % 2 and not text.read(1):
        raise _quote_unclosed(path, header_line)
    return header, number, consumed


def _rest(path: Path, profile: TextProfile, text: TextIO, consumed: int) -> pa.NativeFile | None:
    """What follows the header as UTF-8 for Arrow, or None when nothing does. `consumed` is the UTF-8 length up to there."""
    if profile.encoding == "utf-8":
        text.close()
        start = profile.bom_bytes + consumed
        raw = pa.OSFile(str(path))
        edges = range(start + BLOCK_BYTES, raw.size(), BLOCK_BYTES)
        parted = profile.quotes and any(raw.read_at(2, edge - 1) == b"\r\n" for edge in edges)
        raw.seek(start)
        # Arrow's own file needs no Python in the thread that reads ahead.
        if not parted:
            return raw if start < raw.size() else None
    else:
        raw = _Utf8(text)
    blocks = CsvBlocks(raw)
    if blocks.peek(1):
        return pa.PythonFile(blocks, mode="r")
    blocks.close()
    return None


class _Utf8(io.RawIOBase):
    """The rest of a decoded text as UTF-8 bytes."""

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self._left = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        left = self._left or memoryview(self._text.read(_DECODED_CHARACTERS).encode())
        size = min(len(buffer), len(left))
        buffer[:size], self._left = left[:size], left[size:]
        return size

    def close(self) -> None:
        self._text.close()
        super().close()


def _chunks(
    path: Path, source: pa.NativeFile, profile: TextProfile, delimiter: str, width: int, header_end: int
) -> Iterator[Chunk]:
    placer = _LinePlacer(header_end + 1, delimiter, width, profile)
    names = [str(index) for index in range(width)]
    try:
        reader = pyarrow.csv.open_csv(
            source,
            # Only without threads does a broken row know its number.
            read_options=pyarrow.csv.ReadOptions(use_threads=False, block_size=BLOCK_BYTES, column_names=names),
            parse_options=pyarrow.csv.ParseOptions(
                delimiter=delimiter,
                newlines_in_values=profile.quotes > 0,
                ignore_empty_lines=False,
                invalid_row_handler=placer.keep_broken,
            ),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types={name: pa.string() for name in names},
                strings_can_be_null=False,
                check_utf8=False,  # profile_text has looked at every byte
            ),
        )
        for batch in reader:
            if batch.num_rows:
                yield placer.place(batch.columns)
        yield from placer.rest()
    except pa.ArrowInvalid:
        # A record that does not fit in a block: one endless line, or all after a quote that nobody closed.
        if _is_endless(path, profile, placer.next_line):
            raise long_line(path, placer.next_line) from None
        raise _quote_unclosed(path, placer.next_line) from None
    finally:
        source.close()
    if profile.quotes % 2 and placer.last_height > 1 and _left_open(path, profile, delimiter, placer.last_line):
        raise _quote_unclosed(path, placer.last_line)


def _is_endless(path: Path, profile: TextProfile, line: int) -> bool:
    """Whether the physical line is too long for a block."""
    with open_text(path, profile) as text:
        for _ in range(line - 1):
            while (piece := text.readline(BLOCK_BYTES)) and piece[-1] not in "\r\n":
                pass
        return len(text.readline(BLOCK_BYTES // 2)) == BLOCK_BYTES // 2


def _left_open(path: Path, profile: TextProfile, delimiter: str, line: int) -> bool:
    """Whether the record that begins at a physical line and runs to the end of the file lacks its closing quote."""
    with open_text(path, profile) as text:
        record = [one for number, one in enumerate(_lines(path, text), start=1) if number >= line]
    try:
        for _ in csv.reader(record, delimiter=delimiter, strict=True):
            pass
    except csv.Error as error:
        return "unexpected end" in str(error) or "field limit" in str(error)
    return False


class _LinePlacer:
    """Puts good and broken rows back into the order of the file and knows the physical line of each.

    Arrow numbers the rows, good and broken, from 1. A row is as many lines high as its cells hold line ends, plus one.
    """

    def __init__(self, first_line: int, delimiter: str, width: int, profile: TextProfile) -> None:
        self.next_line = first_line
        self.last_line = first_line
        self.last_height = 1
        self._delimiter = delimiter
        self._width = width
        self._profile = profile
        self._next_number = 1
        self._broken: list[tuple[int, str]] = []

    def keep_broken(self, row: pyarrow.csv.InvalidRow) -> str:
        self._broken.append((row.number, row.text))
        return "skip"

    def place(self, columns: list[pa.Array]) -> Chunk:
        n_good = len(columns[0])
        last, n_broken = self._next_number + n_good - 1, 0
        for number, _ in self._broken:
            if number > last + 1:
                break
            last, n_broken = last + 1, n_broken + 1
        taken, self._broken = self._broken[:n_broken], self._broken[n_broken:]

        heights = np.ones(n_good + n_broken, dtype=np.int64)
        good = np.ones(n_good + n_broken, dtype=np.bool_)
        if taken:
            at = np.array([number for number, _ in taken]) - self._next_number
            good[at] = False
            heights[at] += [_line_ends(text) for _, text in taken]
        if self._profile.quotes:
            heights[good] += _cell_line_ends(columns)
        ends = self.next_line + np.cumsum(heights)
        starts = ends - heights
        self._next_number = last + 1
        self.next_line = int(ends[-1])
        self.last_line, self.last_height = int(starts[-1]), int(heights[-1])

        if not taken:
            return Chunk(columns, pa.array(starts), may_hold_nul=self._profile.has_nul)
        return self._with_broken(columns, [text for _, text in taken], starts, good)

    def rest(self) -> Iterator[Chunk]:
        """The broken rows after the last good one."""
        none = [pa.array([], pa.string())] * self._width
        while self._broken:
            later = self._broken[BATCH_ROWS:]
            self._broken = self._broken[:BATCH_ROWS]
            yield self.place(none)
            self._broken = later

    def _with_broken(
        self, columns: list[pa.Array], texts: list[str], starts: npt.NDArray[np.int64], good: npt.NDArray[np.bool_]
    ) -> Chunk:
        n_good = len(columns[0])
        order = np.empty(len(good), dtype=np.int64)
        order[good] = np.arange(n_good)
        order[~good] = np.arange(n_good, len(good))
        aligned = [self._cells(text) for text in texts]
        cells = [
            pa.concat_arrays([column, pa.array(part, pa.string())]).take(pa.array(order))
            for column, part in zip(columns, zip(*aligned, strict=True), strict=True)
        ]
        # A line of blanks or bare delimiters is a blank row however many cells it has.
        content = [bool(text.replace(self._delimiter, "").replace('"', "").strip()) for text in texts]
        keep = good.copy()
        keep[~good] = content
        faults = pa.array([None if is_good else "row.width" for is_good in good], pa.string())
        raws = np.full(len(good), None, dtype=object)
        raws[~good] = texts
        mask = pa.array(keep)
        return Chunk(
            [column.filter(mask) for column in cells],
            pa.array(starts).filter(mask),
            faults.filter(mask),
            pa.array(raws, pa.string()).filter(mask),
            self._profile.has_nul,
        )

    def _cells(self, text: str) -> list[str | None]:
        """The cells of a broken row that can be told from the left, as many as there are columns."""
        try:
            cells: list[str | None] = [*next(csv.reader(io.StringIO(text, newline=""), delimiter=self._delimiter), [])]
        except csv.Error:
            cells = []
        return (cells + [None] * self._width)[: self._width]


def _line_ends(text: str) -> int:
    return text.count("\n") + text.count("\r") - text.count("\r\n")


def _cell_line_ends(columns: list[pa.Array]) -> npt.NDArray[np.int64]:
    """Line ends within the cells of each row: \\n, \\r\\n or a lone \\r each count one."""
    total = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        if holds_byte(column, b"\n"):
            total += pc.count_substring(column, "\n").to_numpy()
        if holds_byte(column, b"\r"):
            total += pc.count_substring(column, "\r").to_numpy()
            total -= pc.count_substring(column, "\r\n").to_numpy()
    return total


def _not_text(path: Path, what: str) -> InputRefused:
    return InputRefused(
        "file.not_text",
        f"Tệp “{path.name}” không phải là tệp văn bản{what}. Hãy đề nghị đơn vị xuất lại ở dạng văn bản (CSV, JSON), "
        "hoặc sửa reader.kind trong khai báo nguồn.",
        f"The file {path.name!r} is not text{what}. Ask for it as text (CSV, JSON), "
        "or correct reader.kind in the source spec.",
    )


def _not_decodable(path: Path, encoding: str, line: int, error: UnicodeDecodeError) -> InputRefused:
    byte = error.object[error.start]
    return InputRefused(
        "file.encoding",
        f"Dòng {line} của tệp “{path.name}” có byte 0x{byte:02X} không đọc được theo bảng mã {encoding}. "
        "Hãy sửa encoding trong khai báo nguồn, hoặc đề nghị đơn vị lưu lại tệp ở dạng UTF-8.",
        f"Line {line} of {path.name!r} has a byte 0x{byte:02X} that is not {encoding}. "
        "Correct encoding in the source spec, or ask for the file saved as UTF-8.",
        line=line,
    )


def long_line(path: Path, line: int | None) -> InputRefused:
    """The refusal of a line that no table has."""
    return too_large(path, "có một dòng quá dài", "has a line of endless length", line=line)


def _quote_unclosed(path: Path, line: int) -> InputRefused:
    return InputRefused(
        "file.quote_unclosed",
        f"Dấu nháy kép mở ở dòng {line} của tệp “{path.name}” không được đóng. Hãy sửa dòng đó rồi gửi lại tệp.",
        f"A double quote opened at line {line} of {path.name!r} is never closed. Mend that line and send the file again.",
        line=line,
    )
