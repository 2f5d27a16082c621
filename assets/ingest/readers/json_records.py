"""JSON Lines and nested JSON documents as rows. What the keys mean is not known here."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, NoReturn

import pyarrow as pa

from assets.ingest.readers.cells import text_column
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
from assets.ingest.readers.text import TextProfile, open_text, profile_text
from quality.problem import did_you_mean

# A nested document is held in memory whole, as some ten times its size.
MAX_DOCUMENT_BYTES = 256 << 20

# The name of the outermost level in headings of a document with a path.
ROOT = "root"

_UNNAMED = "(no name)"


@dataclass(frozen=True)
class _Record:
    """One row: its line or ordinal, and either its fields or, when it is no object, its text."""

    line: int
    fields: dict[str, Any] | None
    raw: str | None = None


def read_json_lines(path: Path, options: JsonLinesOptions) -> Iterator[RawTable]:
    """Yield the one table of a file with a JSON object on each line.

    Nested objects become headings "a.b", lists JSON text; the headings are those of all lines, in the order they
    first appear, for which the file is read twice. A line that is no object in UTF-8 is a broken row (row.not_json).
    """
    profile = _profile(path)
    headings: dict[str, None] = {}
    for record in _line_records(path, profile):
        headings.update(dict.fromkeys(record.fields or ()))
    yield raw_table(
        "",
        tuple(headings),
        _chunks(_line_records(path, profile), tuple(headings)),
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
    list is empty or absent give no row. Raises InputRefused: file.damaged, file.too_large, json.path_missing.
    """
    profile = _profile(path)
    if path.stat().st_size > MAX_DOCUMENT_BYTES:
        mb = MAX_DOCUMENT_BYTES >> 20
        raise InputRefused(
            "file.too_large",
            f"Tệp JSON “{path.name}” lớn hơn {mb} MB. Hãy xuất dữ liệu ở dạng JSON Lines (mỗi dòng một bản ghi).",
            f"The JSON file {path.name!r} is larger than {mb} MB. Export the data as JSON Lines (one record a line).",
        )
    try:
        with open_text(path, profile) as text:
            document = json.load(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        line = error.lineno if isinstance(error, json.JSONDecodeError) else None
        raise InputRefused(
            "file.damaged",
            f"Tệp “{path.name}” không phải JSON đúng cú pháp hoặc bị cắt cụt. Hãy đề nghị đơn vị xuất lại tệp.",
            f"The file {path.name!r} is not well-formed JSON, or is cut short ({error}). Ask for it again.",
            line=line,
        ) from None
    items = document if isinstance(document, list) else [document]
    rows = list(_descend(items, options.path, {}, f"{ROOT}." if options.path else ""))
    if options.path and all(fields is None for fields, _ in rows):
        _require_path(path, items, options.path)
    records = [_Record(n, fields, raw) for n, (fields, raw) in enumerate(rows, start=1)]
    headings = tuple(dict.fromkeys(name for record in records for name in record.fields or ()))
    yield raw_table(
        "",
        headings,
        _chunks(iter(records), headings),
        options.skip,
        open_ended=True,
        encoding=profile.encoding,
        legacy_text=options.legacy_text,
    )


def _profile(path: Path) -> TextProfile:
    require_file(path)
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
    with open_text(path, profile, errors="surrogateescape", newline=None) as text:
        for number, line in enumerate(text, start=1):
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
        return _Record(number, _flat(value, ""))
    return _Record(number, None, line.encode(errors="replace").decode())


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
            yield above | _flat(item, prefix), None


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
    walk = iter(records)
    while block := list(islice(walk, BATCH_ROWS)):
        rows = [record.fields or {} for record in block]
        cells = [text_column([row.get(name) for row in rows]) for name in headings]
        lines = pa.array([record.line for record in block], pa.int64())
        if all(record.raw is None for record in block):
            yield Chunk(cells, lines)
        else:
            faults = pa.array([record.raw and "row.not_json" for record in block], pa.string())
            yield Chunk(cells, lines, faults, pa.array([record.raw for record in block], pa.string()))


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
