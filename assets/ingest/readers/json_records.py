"""JSON Lines and nested JSON documents as rows. What the keys mean is not known here."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, NoReturn, TextIO

import pyarrow as pa

from assets.ingest.readers.cells import text_column
from assets.ingest.readers.limits import (
    MAX_FILE_BYTES,
    MAX_RECORD_CHARACTERS,
    require_columns,
    require_size,
    too_large,
)
from assets.ingest.readers.options import JsonLinesOptions, JsonOptions
from assets.ingest.readers.table import (
    BATCH_ROWS,
    Chunk,
    InputRefused,
    RawTable,
    empty_file,
    heading_text,
    raw_table,
    require_file,
)
from assets.ingest.readers.text import TextProfile, long_line, open_text, profile_text
from quality.problem import did_you_mean

# Read at a time of a document's list.
_BLOCK_CHARACTERS = 1 << 20
# Text of the records made into one batch.
_BATCH_CHARACTERS = 32 << 20
# Objects looked at to find out which of a path's lists is missing.
_PATH_SAMPLE = 1_000

_BLANKS = re.compile(r"[ \t\r\n\ufeff]*")

# The name of the outermost level in headings of a document with a path.
ROOT = "root"

_UNNAMED = "(no name)"


@dataclass(frozen=True)
class _Record:
    """One row: its line or ordinal, and either its fields or, when it is no object, its text."""

    line: int
    fields: dict[str, Any] | None
    raw: str | None = None
    characters: int = 0


def read_json_lines(path: Path, options: JsonLinesOptions) -> Iterator[RawTable]:
    """Yield the one table of a file with a JSON object on each line.

    Nested objects become headings "a.b", lists JSON text; the headings are those of all lines, in the order they
    first appear, for which the file is read twice. A line that is no object in UTF-8 is a broken row (row.not_json).
    """
    profile = _profile(path)
    headings = _headings(path, _line_records(path, profile))
    yield raw_table(
        "",
        headings,
        _chunks(_line_records(path, profile), headings),
        options.skip,
        open_ended=True,
        encoding=profile.encoding,
        legacy_text=options.legacy_text,
    )


def read_json(path: Path, options: JsonOptions) -> Iterator[RawTable]:
    """Yield the one table of a JSON document.

    Without a path the document is a list of objects (or one object), and their keys are the headings. With
    `path: [District, Ward]` there is one row per object of the innermost list; the fields of each level carry its name:
    "root.Code" of the outermost objects, "District.Code", "Ward.Code". Lists off the path are JSON text. Objects whose
    list is empty or absent give no row, and an innermost object without fields is a blank row. A list is read element by
    element, twice; one object as a document is held whole.
    Raises InputRefused: file.damaged, file.too_large, json.too_deep, json.path_missing.
    """
    profile = _profile(path)
    headings = _headings(path, _document_records(path, profile, options.path))
    if options.path and not headings:
        elements = (element for element, _ in _elements(path, profile))
        _require_path(path, list(islice(elements, _PATH_SAMPLE)), options.path)
    records = _document_records(path, profile, options.path)
    yield raw_table(
        "",
        headings,
        _chunks(records, headings),
        options.skip,
        open_ended=True,
        encoding=profile.encoding,
        legacy_text=options.legacy_text,
    )


def write_json_without(path: Path, options: JsonOptions, rows: Collection[int], target: Path) -> None:
    """Write a document with `{}` in the place of the objects of some rows, numbered as `read_json` numbers them."""
    profile = _profile(path)
    number = 0

    def left(item: Any, names: Sequence[str]) -> Any:
        nonlocal number
        if isinstance(item, dict) and names:
            inner = item.get(names[0])
            return item | {names[0]: [left(one, names[1:]) for one in inner]} if isinstance(inner, list) else item
        number += 1
        return {} if number in rows else item

    with open_text(path, profile) as text:
        is_list = _Walk(path, text).passes("[")
    with target.open("w", encoding="utf-8") as file:
        file.write("[" if is_list else "")
        for index, (element, _) in enumerate(_elements(path, profile)):
            file.write(",\n" if index else "")
            json.dump(left(element, options.path), file, ensure_ascii=False, indent=1)
        file.write("]\n" if is_list else "\n")


def _headings(path: Path, records: Iterable[_Record]) -> tuple[str, ...]:
    """The keys of all records in the order they first appear. Raises InputRefused (json.keys_alike)."""
    headings: dict[str, None] = {}
    for record in records:
        headings.update(dict.fromkeys(record.fields or ()))
        require_columns(path, len(headings))
    first: dict[str, str] = {}
    for heading in headings:
        if (other := first.setdefault(heading.casefold(), heading)) != heading:
            raise InputRefused(
                "json.keys_alike",
                f"Tệp “{path.name}” có hai khoá chỉ khác chữ hoa, chữ thường: “{other}” và “{heading}”. Hãy xuất lại với một "
                "cách viết.",
                f"The file {path.name!r} has two keys that differ in case alone: “{other}” and “{heading}”. Export it again "
                "with one spelling.",
                column=heading,
            )
    return tuple(headings)


def _document_records(path: Path, profile: TextProfile, names: Sequence[str]) -> Iterator[_Record]:
    number = 0
    for element, characters in _elements(path, profile):
        for fields, raw in _descend([element], names, {}, f"{ROOT}." if names else ""):
            number += 1
            yield _Record(number, fields, raw, characters)


def _elements(path: Path, profile: TextProfile) -> Iterator[tuple[Any, int]]:
    """The elements of a document's list with their lengths in characters; a document that is no list is its one element."""
    with open_text(path, profile) as text:
        walk = _Walk(path, text)
        if not walk.passes("["):
            yield walk.value()
        elif not walk.passes("]"):
            yield walk.value()
            while walk.passes(","):
                yield walk.value()
            walk.must_pass("]")
        walk.must_end()


class _Walk:
    """A way through the text of a document with no more of it in memory than its longest element."""

    def __init__(self, path: Path, text: TextIO) -> None:
        self._path, self._text = path, text
        self._decoder = json.JSONDecoder(parse_constant=_no_constant)
        self._buffer = ""
        self._at = 0
        self._lines = 1

    def passes(self, mark: str) -> bool:
        """Step over blanks, and over the mark if it stands there."""
        self._skip_blanks()
        found = self._buffer.startswith(mark, self._at)
        self._at += found
        return found

    def must_pass(self, mark: str) -> None:
        if not self.passes(mark):
            raise self._damaged(self._at, f"{mark!r} expected")

    def must_end(self) -> None:
        self._skip_blanks()
        if self._at < len(self._buffer):
            raise self._damaged(self._at, "more after its end")

    def value(self) -> tuple[Any, int]:
        """The value that stands here, and its length."""
        self._skip_blanks()
        while True:
            try:
                value, end = self._decoder.raw_decode(self._buffer, self._at)
                if end < len(self._buffer) or not self._more():  # a number may go on
                    length, self._at = end - self._at, end
                    return value, length
            except json.JSONDecodeError as error:
                if not self._more():
                    raise self._damaged(error.pos, error.msg) from None
            except RecursionError:
                raise InputRefused(
                    "json.too_deep",
                    f"Tệp “{self._path.name}” lồng quá sâu, không phải dữ liệu bảng. Hãy kiểm tra nguồn gốc của tệp.",
                    f"The file {self._path.name!r} is nested too deep to be a table. Check where it comes from.",
                    line=self._line(self._at),
                ) from None
            except ValueError as error:
                raise self._damaged(self._at, str(error)) from None

    def _skip_blanks(self) -> None:
        while True:
            found = _BLANKS.match(self._buffer, self._at)
            self._at = found.end() if found else self._at
            if self._at < len(self._buffer) or not self._more():
                return

    def _more(self) -> bool:
        """Read as much again as is held; False at the end of the text."""
        held = len(self._buffer) - self._at
        if held > MAX_RECORD_CHARACTERS:
            most = MAX_RECORD_CHARACTERS >> 20
            raise too_large(
                self._path,
                f"có một phần JSON dài quá {most} triệu ký tự (hãy xuất mỗi dòng một bản ghi)",
                f"has one JSON value of more than {most} million characters (export one record a line)",
                line=self._line(self._at),
            )
        try:
            read = self._text.read(max(held, _BLOCK_CHARACTERS))
        except UnicodeDecodeError as error:
            raise self._damaged(self._at, str(error)) from None
        self._lines += self._buffer.count("\n", 0, self._at)
        self._buffer, self._at = self._buffer[self._at :] + read, 0
        return bool(read)

    def _line(self, at: int) -> int:
        return self._lines + self._buffer.count("\n", 0, at)

    def _damaged(self, at: int, what: str) -> InputRefused:
        return InputRefused(
            "file.damaged",
            f"Tệp “{self._path.name}” không phải JSON đúng cú pháp hoặc bị cắt cụt. Hãy đề nghị đơn vị xuất lại tệp.",
            f"The file {self._path.name!r} is not well-formed JSON, or is cut short ({what}). Ask for it again.",
            line=self._line(at),
        )


def _profile(path: Path) -> TextProfile:
    require_file(path)
    require_size(path, MAX_FILE_BYTES)
    try:
        return profile_text(path, "utf-8")
    except InputRefused as refusal:
        if refusal.rule != "file.encoding":
            raise
    try:
        profile_text(path, None)
    except InputRefused as refusal:
        if refusal.rule == "file.not_text":
            raise
    # Single lines may hold bytes that are not UTF-8; they are broken rows, and a document is refused when parsed.
    return TextProfile("utf-8", 0, has_nul=True, quotes=0)


def _line_records(path: Path, profile: TextProfile) -> Iterator[_Record]:
    content = False
    number = 0
    with open_text(path, profile, errors="surrogateescape", newline=None) as text:
        while line := text.readline(MAX_RECORD_CHARACTERS):
            number += 1
            if len(line) == MAX_RECORD_CHARACTERS:
                raise long_line(path, number)
            line = line.strip().lstrip("\ufeff")
            if line:
                content = True
                yield _parsed(number, line)
    if not content:
        raise empty_file(path)


def _parsed(number: int, line: str) -> _Record:
    try:
        line.encode()  # bytes that are not UTF-8 came in as lone surrogates
        value = json.loads(line, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        value = None
    if isinstance(value, dict):
        return _Record(number, _flat(value, ""), None, len(line))
    return _Record(number, None, line.encode(errors="replace").decode(), len(line))


def _flat(value: dict[str, Any], prefix: str) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    stack = [(prefix, value)]
    while stack:
        before, items = stack.pop()
        nested = []
        for key, item in items.items():
            name = before + (heading_text(key) or _UNNAMED)
            if isinstance(item, dict):
                nested.append((f"{name}.", item))
            elif name not in fields or fields[name] is None:
                fields[name] = item
        stack.extend(reversed(nested))
    return fields


def _descend(
    items: Sequence[Any], path: Sequence[str], above: dict[str, Any], prefix: str
) -> Iterator[tuple[dict[str, Any] | None, str | None]]:
    for item in items:
        if not isinstance(item, dict):
            yield None, json.dumps(item, ensure_ascii=False)
        elif path:
            inner = item.get(path[0])
            here = above | _flat({key: value for key, value in item.items() if key != path[0]}, prefix)
            yield from _descend(inner if isinstance(inner, list) else [], path[1:], here, f"{path[0]}.")
        else:
            # An object without fields is a blank row, whatever stands around its list.
            yield (above | _flat(item, prefix) if item else {}), None


def _require_path(path: Path, items: Sequence[Any], names: Sequence[str]) -> None:
    """Refuses a path whose lists stand nowhere in the document, naming the first that is missing."""
    level = [item for item in items if isinstance(item, dict)]
    for name in names:
        lists = [item[name] for item in level if isinstance(item.get(name), list)]
        if level and not lists:
            known = {key for item in level for key, value in item.items() if isinstance(value, list)}
            hint = did_you_mean(name, sorted(known))
            raise InputRefused(
                "json.path_missing",
                f"Không có danh sách “{name}” trong tệp “{path.name}”.{hint.vi} Hãy sửa reader.path trong khai báo nguồn.",
                f"There is no list {name!r} in {path.name!r}.{hint.en} Correct reader.path in the source spec.",
                column=name,
            )
        level = [item for inner in lists for item in inner if isinstance(item, dict)]


def _chunks(records: Iterable[_Record], headings: Sequence[str]) -> Iterator[Chunk]:
    for block in _blocks(records):
        rows = [record.fields or {} for record in block]
        cells = [text_column([row.get(name) for row in rows]) for name in headings]
        lines = pa.array([record.line for record in block], pa.int64())
        if all(record.raw is None for record in block):
            yield Chunk(cells, lines)
        else:
            faults = pa.array([record.raw and "row.not_json" for record in block], pa.string())
            yield Chunk(cells, lines, faults, pa.array([record.raw for record in block], pa.string()))


def _blocks(records: Iterable[_Record]) -> Iterator[list[_Record]]:
    """The records in parts that are neither many nor large."""
    block: list[_Record] = []
    characters = 0
    for record in records:
        block.append(record)
        characters += record.characters
        if len(block) == BATCH_ROWS or characters > _BATCH_CHARACTERS:
            yield block
            block, characters = [], 0
    if block:
        yield block


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
