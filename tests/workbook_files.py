"""Builders of workbooks that no library writes: ODS from its XML, old XLS from its records, XLSX with a part replaced."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path

import xlsxwriter

SPREADSHEET = "application/vnd.oasis.opendocument.spreadsheet"
_NAMESPACES = " ".join(
    f'xmlns:{prefix}="urn:oasis:names:tc:opendocument:xmlns:{prefix}:1.0"' for prefix in ("office", "table", "text")
)
_CALCEXT = 'xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"'

WORKSHEET = (
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{}</sheetData></worksheet>'
)


def xlsx(path: Path, sheet: str, changes: Mapping[str, str | bytes] | None = None, name: str = "S") -> Path:
    """A workbook of one sheet whose XML is given; `changes` replace or add parts."""
    parts: dict[str, str | bytes] = {**_blank(name), "xl/worksheets/sheet1.xml": sheet, **(changes or {})}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for item, content in parts.items():
            archive.writestr(item, content)
    return path


@cache
def _blank(name: str) -> dict[str, bytes]:
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, {"in_memory": True}) as book:
        book.add_worksheet(name)
    with zipfile.ZipFile(stream) as archive:
        return {item: archive.read(item) for item in archive.namelist()}


def ods(path: Path, tables: str, *, before: str = "", manifest: str = "") -> Path:
    """An ODS file with the tables' XML; `before` stands before the first element."""
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?>{before}<office:document-content {_NAMESPACES} {_CALCEXT}>'
        f"<office:body><office:spreadsheet>{tables}</office:spreadsheet></office:body></office:document-content>"
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", SPREADSHEET, zipfile.ZIP_STORED)
        archive.writestr("content.xml", content)
        archive.writestr("META-INF/manifest.xml", f"<manifest>{manifest}</manifest>")
    return path


def ods_table(rows: str, name: str = "S") -> str:
    return f'<table:table table:name="{name}">{rows}</table:table>'


def ods_row(*cells: str, times: int = 1) -> str:
    return f'<table:table-row table:number-rows-repeated="{times}">{"".join(cells)}</table:table-row>'


def ods_text(text: str, attributes: str = "") -> str:
    return f'<table:table-cell office:value-type="string" {attributes}><text:p>{text}</text:p></table:table-cell>'


# Old Excel. A cell is a text, a number, or the bytes of a record after row, column and format.

Cell = str | float | tuple[int, bytes]
BOOLERR, FORMULA = 0x205, 0x06


def xls(
    path: Path, rows: Sequence[Iterable[Cell | None]], merged: Sequence[tuple[int, int, int, int]] = (), name: str = "S"
) -> Path:
    """An XLS file of one sheet; `merged` are first row, last row, first column, last column from 0."""
    texts: list[str] = []
    body = _sheet(rows, texts, merged)
    path.write_bytes(compound({"Workbook": _globals({name: body}, texts) + body}))
    return path


def xls_sharing(path: Path, sheets: Mapping[str, Sequence[Iterable[Cell | None]]]) -> Path:
    """An XLS file of several sheets, as programs write it: equal texts stand once, and each sheet begins with an index."""
    texts: list[str] = []
    bodies = {}
    for name, rows in sheets.items():
        body = _sheet(rows, texts, (), shares=True)
        begin = 4 + int.from_bytes(body[2:4], "little")
        bodies[name] = body[:begin] + _record(0x20B, bytes(16)) + body[begin:]
    path.write_bytes(compound({"Workbook": _globals(bodies, texts) + b"".join(bodies.values())}))
    return path


def _sheet(
    rows: Sequence[Iterable[Cell | None]],
    texts: list[str],
    merged: Sequence[tuple[int, int, int, int]],
    shares: bool = False,
) -> bytes:
    """The records of a sheet; its texts are added to those of the workbook."""
    body = bytearray(_record(0x809, struct.pack("<HHHHII", 0x600, 0x10, 0, 0, 0, 6)))
    for row, cells in enumerate(rows):
        for column, value in enumerate(cells):
            place = struct.pack("<HHH", row, column, 0)
            if isinstance(value, str):
                at = texts.index(value) if shares and value in texts else len(texts)
                body += _record(0xFD, place + struct.pack("<I", at))
                texts += [value] if at == len(texts) else []
            elif isinstance(value, tuple):
                body += _record(value[0], place + value[1])
            elif value is not None:
                body += _record(0x203, place + struct.pack("<d", value))
    if merged:
        body += _record(0xE5, struct.pack("<H", len(merged)) + b"".join(struct.pack("<HHHH", *span) for span in merged))
    return bytes(body + _record(0x0A, b""))


def _globals(sheets: Mapping[str, bytes], texts: Sequence[str]) -> bytes:
    begin = _record(0x809, struct.pack("<HHHHII", 0x600, 5, 0, 0, 0, 6)) + _record(0xE0, bytes(20))
    shared = struct.pack("<II", len(texts), len(texts))
    shared += b"".join(struct.pack("<HB", len(text), 1) + text.encode("utf-16-le") for text in texts)
    end = _record(0xFC, shared) + _record(0x0A, b"")
    titles = {name: name.encode("utf-16-le") for name in sheets}
    start = len(begin) + sum(4 + 8 + len(title) for title in titles.values()) + len(end)
    listed = b""
    for name, title in titles.items():
        listed += _record(0x85, struct.pack("<IHBB", start, 0, len(name), 1) + title)
        start += len(sheets[name])
    return begin + listed + end


def _record(kind: int, data: bytes) -> bytes:
    return struct.pack("<HH", kind, len(data)) + data


def compound(streams: Mapping[str, bytes]) -> bytes:
    """A compound file with sectors of 512 bytes and streams of at least 4096, as programs pad them."""
    sectors: list[bytes] = []
    following: list[int] = []
    entries = _entry("Root Entry", 5, 0xFFFFFFFE, 0, child=1)

    def put(data: bytes) -> int:
        first = len(sectors)
        pieces = [data[at : at + 512].ljust(512, b"\0") for at in range(0, len(data), 512)]
        sectors.extend(pieces)
        following.extend([*range(first + 1, first + len(pieces)), 0xFFFFFFFE])
        return first

    for name, data in streams.items():
        padded = data.ljust(4096, b"\0")
        entries += _entry(name, 2, put(padded), len(padded))
    directory = put(entries.ljust(512, b"\0"))
    places = -(-(len(sectors) + 1) // 127)
    table = [*following, *[0xFFFFFFFD] * places]
    packed = struct.pack(f"<{len(table)}I", *table).ljust(512 * places, b"\xff")
    header = bytes.fromhex("D0CF11E0A1B11AE1") + bytes(16) + struct.pack("<HHHHH6x", 0x3E, 3, 0xFFFE, 9, 6)
    header += struct.pack("<IIIIIIIII", 0, places, directory, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0)
    listed = [*range(len(sectors), len(sectors) + places)]
    header += struct.pack("<109I", *listed, *[0xFFFFFFFF] * (109 - places))
    return header + b"".join(sectors) + packed


def _entry(name: str, kind: int, start: int, size: int, child: int = 0xFFFFFFFF) -> bytes:
    text = name.encode("utf-16-le") + b"\0\0"
    fields = struct.pack("<HBBIII", len(text), kind, 1, 0xFFFFFFFF, 0xFFFFFFFF, child)
    return text.ljust(64, b"\0") + fields + bytes(36) + struct.pack("<IQ", start, size)
