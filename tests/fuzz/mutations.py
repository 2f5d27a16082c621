"""What goes wrong with files on their way: bytes, lines, cells, encodings, archives. Each takes bytes and gives bytes."""

from __future__ import annotations

import io
import random
import re
import zipfile
import zlib
from collections.abc import Callable

Mutation = Callable[[bytes, random.Random], bytes]

# Cells that have hurt readers somewhere: formulas, markup, numbers out of range, dates that are none, text from elsewhere.
NASTY = (
    "", " ", "\u00a0", "=1+1", "=cmd|' /C calc'!A0", "@SUM(1)", "-1", "1e309", "NaN", "Infinity", "0x1F", "29/02/2023", "31/06/2023",
    "00/00/0000", "12/31/2023", "9999-12-31", "0001-01-01", "1,5", "1.234,56", "１２３", "Mỹ Đức", "Mỹ Đức",
    "Mü §øc", "Ná»™i vá»¥", "\u202etxt.exe", "\ud7ff", "\U0001f600", "a" * 40_000, "';DROP TABLE case;--", "{}", "[[[[", "<a>&b;",
    "&#x0;", "\\N", "NULL", "null", "true", "\t", '"', '""', "'", ",", ";", "|", "\x1f", "\x7f", "\x1b[31m", "$(id)", "../../etc/passwd",
)  # fmt: skip
ENCODINGS = ("utf-16", "utf-16-le", "utf-8-sig", "cp1258", "cp1252", "latin-1", "utf-7", "shift_jis")


def flip_bytes(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.randint(1, 8)):
        if changed:
            changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def cut_off(data: bytes, chance: random.Random) -> bytes:
    return data[: chance.randrange(len(data) + 1)]


def drop_slice(data: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(data) + 1)
    return data[:start] + data[start + chance.randint(1, 200) :]


def repeat_slice(data: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(data) + 1)
    return data[:start] + data[start : start + 200] * chance.randint(2, 20) + data[start:]


def insert_junk(data: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(data) + 1)
    junk = chance.choice([b"\0" * 10, chance.randbytes(50), b"\r", b"\n\n\n", b"\xff\xfe", b'"', b"\xef\xbb\xbf"])
    return data[:start] + junk + data[start:]


def shuffle_lines(data: bytes, chance: random.Random) -> bytes:
    lines = data.splitlines(keepends=True)
    head, rest = lines[:1], lines[1:]
    chance.shuffle(rest)
    return b"".join([*head, *rest[: chance.randint(0, len(rest))], *rest[: chance.randint(0, 3)]])


def change_cell(data: bytes, chance: random.Random) -> bytes:
    """Put something nasty in the place of a few words, in the file's own encoding as far as it goes."""
    words = list(re.finditer(rb"[^\s,;:\"{}\[\]<>]+", data))
    for word in sorted(chance.sample(words, min(len(words), chance.randint(1, 5))), key=lambda word: -word.start()):
        cell = chance.choice(NASTY).encode("utf-8", "replace")
        data = data[: word.start()] + cell + data[word.end() :]
    return data


def encode_otherwise(data: bytes, chance: random.Random) -> bytes:
    return data.decode("utf-8", "replace").encode(chance.choice(ENCODINGS), "replace")


def encode_twice(data: bytes, chance: random.Random) -> bytes:
    return data.decode("cp1252", "replace").encode("utf-8")


def other_newlines(data: bytes, chance: random.Random) -> bytes:
    return b"".join(line + chance.choice([b"\r\n", b"\r", b"\n", b"\n\r"]) for line in data.splitlines())


def rewrite_parts(data: bytes, chance: random.Random) -> bytes:
    """Change, drop, rename or repeat parts of a zipped file; what is no archive is changed as bytes."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = [(info.filename, archive.read(info)) for info in archive.infolist()]
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError, ValueError):
        return flip_bytes(data, chance)
    what = chance.choice(["change", "change", "change", "drop", "rename", "repeat", "blow_up", "entity"])
    at = chance.randrange(len(parts)) if parts else 0
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, (name, content) in enumerate(parts):
            if number == at:
                if what == "drop":
                    continue
                if what == "rename":
                    name = chance.choice(["../../" + name, "/" + name, name.upper(), "C:\\" + name, name + "\u202e"])
                if what == "change":
                    content = chance.choice(TEXT + BYTES)(content, chance)
                if what == "blow_up":
                    content += b" " * 3_000_000
                if what == "entity":
                    entity = b'<!DOCTYPE x [<!ENTITY a "b"><!ENTITY c SYSTEM "file:///etc/passwd">]>'
                    content = content.replace(b"?>", b"?>" + entity, 1)
            archive.writestr(name, content)
            if number == at and what == "repeat":
                archive.writestr(name + "2", content)
    return written.getvalue()


BYTES: list[Mutation] = [flip_bytes, cut_off, drop_slice, repeat_slice, insert_junk]
TEXT: list[Mutation] = [shuffle_lines, change_cell, change_cell, encode_otherwise, encode_twice, other_newlines]


def mutate(data: bytes, chance: random.Random, is_text: bool, is_archive: bool) -> bytes:
    """Apply one to three mutations that the kind of file can suffer."""
    kinds = [*BYTES, *(TEXT if is_text else []), *([rewrite_parts] * 8 if is_archive else [])]
    for _ in range(chance.randint(1, 3)):
        data = chance.choice(kinds)(data, chance)
    return data
