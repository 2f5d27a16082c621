"""Zip archives from strangers: looked at as a whole before anything of them is unpacked. What stands in them is not known here."""

from __future__ import annotations

import re
import stat
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from assets.ingest.readers.limits import (
    MAX_ARCHIVE_BYTES,
    MAX_ENTRIES,
    MAX_MEMBER_BYTES,
    MAX_RATIO,
    SMALL_PART,
    too_large,
)
from assets.ingest.readers.table import InputRefused, require_file

# What the library raises for an archive that is cut short, garbled, or packed in a way it does not know.
DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, KeyError, OSError, NotImplementedError, RuntimeError, ValueError)

# Fixed part of the header that stands before each member's bytes.
_LOCAL_HEADER = 30
# What one entry of the directory at the archive's end takes, with a long name.
_DIRECTORY_ENTRY = 1024
_BLOCK = 1 << 20
_END = b"PK\x05\x06"
_END_ENTRY = 22
_LONGEST_COMMENT = 65_535


@contextmanager
def open_archive(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open a zip archive that holds neither too much nor anything but plain files under plain names.

    Raises InputRefused: file.missing, file.empty, file.damaged, file.too_large, file.unsafe_name. What the library
    raises within the block is a damaged archive, too.
    """
    require_file(path)
    try:
        _require_few(path)
        with zipfile.ZipFile(path) as archive:
            check(path, archive.infolist())
            yield archive
    except DAMAGE as error:
        raise damaged(path, str(error) or type(error).__name__) from None


def check(path: Path, members: Sequence[zipfile.ZipInfo]) -> None:
    """Refuse an archive for what its directory says of its members. Raises InputRefused."""
    if len(members) > MAX_ENTRIES:
        raise too_large(path, f"có quá {MAX_ENTRIES:,} tệp con", f"has more than {MAX_ENTRIES:,} members")
    for member in members:
        ratio = member.file_size / max(member.compress_size, 1)
        if member.file_size > MAX_MEMBER_BYTES or (member.file_size > SMALL_PART and ratio > MAX_RATIO):
            mb, name = member.file_size >> 20, shown(member_name(member))
            raise too_large(path, f"bung ra {mb:,} MB ở phần “{name}”", f"unpacks to {mb:,} MB in {name!r}")
    total = sum(member.file_size for member in members)
    packed = sum(member.compress_size for member in members)
    if total > MAX_ARCHIVE_BYTES or (total > SMALL_PART and total > MAX_RATIO * packed):
        raise too_large(path, f"bung ra {total >> 20:,} MB", f"unpacks to {total >> 20:,} MB")
    _require_apart(path, members)
    names: set[str] = set()
    for member in members:
        name = member_name(member)
        if not _is_plain(name, member):
            raise unsafe(path, name)
        # A parser may take a name without regard to case: two of one name are two truths.
        if name.casefold() in names:
            raise damaged(path, f"two members of the name {shown(name)!r}")
        names.add(name.casefold())


def member_name(member: zipfile.ZipInfo) -> str:
    """The name of a member in NFC with forward slashes.

    Without the mark for UTF-8 a name is cp437 by the standard; many programs write UTF-8 all the same, and what decodes
    as UTF-8 with marks in it is hardly ever anything else.
    """
    name = member.orig_filename
    if not member.flag_bits & 0x800:
        with suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    return unicodedata.normalize("NFC", name.replace("\\", "/"))


def shown(name: str) -> str:
    """A name as a message may show it: without marks that steer a terminal, and not long."""
    text = "".join(letter if letter.isprintable() else "\ufffd" for letter in name)
    return text if len(text) <= 100 else f"{text[:100]}…"


def inflate(path: Path, member: zipfile.ZipInfo) -> Iterator[bytes]:
    """Yield the bytes of a member, which are as many as the directory says.

    The library stops there whatever follows, and other parsers go on: what a check saw would not be what they read.
    """
    try:
        yield from _inflate(path, member)
    except zlib.error as error:
        raise damaged(path, str(error)) from None


def _inflate(path: Path, member: zipfile.ZipInfo) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(member.header_offset)
        header = file.read(_LOCAL_HEADER)
        if not header.startswith(b"PK\x03\x04"):
            raise damaged(path, "a member does not stand where the directory says")
        name, extra = (int.from_bytes(header[at : at + 2], "little") for at in (26, 28))
        file.seek(name + extra, 1)
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise damaged(path, f"packed by method {member.compress_type}")
        unpacker = zlib.decompressobj(-15) if member.compress_type == zipfile.ZIP_DEFLATED else None
        left, size, crc = member.compress_size, 0, 0
        while left and not (unpacker and unpacker.eof):
            packed = file.read(min(left, _BLOCK))
            if not packed:
                raise damaged(path, "a member is cut short")
            left -= len(packed)
            while packed:
                block = unpacker.decompress(packed, _BLOCK) if unpacker else packed
                packed = unpacker.unconsumed_tail if unpacker else b""
                size += len(block)
                crc = zlib.crc32(block, crc)
                if size > member.file_size:
                    break
                yield block
        if size != member.file_size or crc != member.CRC or (unpacker and not unpacker.eof):
            raise damaged(path, f"{shown(member_name(member))!r} is not what the directory says")


def damaged(path: Path, what: str) -> InputRefused:
    """The refusal of an archive or workbook that is cut short or garbled."""
    return InputRefused(
        "file.damaged",
        f"Tệp “{path.name}” bị hỏng hoặc bị cắt cụt, không đọc được. Hãy đề nghị đơn vị gửi lại tệp.",
        f"The file {path.name!r} is damaged or cut short ({what}). Ask the sender for the file again.",
    )


def unsafe(path: Path, name: str) -> InputRefused:
    """The refusal of an archive with a member that is meant to be written elsewhere, or is no plain file."""
    return InputRefused(
        "file.unsafe_name",
        f"Tệp “{path.name}” có tệp con tên “{shown(name)}” trỏ ra ngoài hoặc là liên kết. "
        "Hãy kiểm tra nguồn gốc của tệp và đề nghị đơn vị nén lại.",
        f"The file {path.name!r} has a member {shown(name)!r} that points elsewhere or is a link. "
        "Check where it comes from, and ask the sender to pack it again.",
    )


def _is_plain(name: str, member: zipfile.ZipInfo) -> bool:
    mode = member.external_attr >> 16
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        return False
    if not name or name.startswith("/") or re.match(r"[A-Za-z]:", name) or not name.isprintable():
        return False
    return not any(part in ("..", ".") for part in name.split("/"))


def _require_few(path: Path) -> None:
    """Refuse a directory of too many entries before the library makes an object of each, and one that can be read two ways."""
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(size - _LONGEST_COMMENT - _END_ENTRY, 0))
        tail = file.read()
    at = len(tail) - _END_ENTRY if tail[-_END_ENTRY:].startswith(_END) else tail.rfind(_END)
    if at < 0:
        raise damaged(path, "no directory at its end")
    directory = int.from_bytes(tail[at + 12 : at + 16], "little")
    if directory > MAX_ENTRIES * _DIRECTORY_ENTRY:
        raise too_large(path, f"có quá {MAX_ENTRIES:,} tệp con", f"has more than {MAX_ENTRIES:,} members")
    if tail.count(_END, max(at - directory, 0)) > 1:
        raise damaged(path, "two directories at its end")


def _require_apart(path: Path, members: Sequence[zipfile.ZipInfo]) -> None:
    """Members that share bytes make a small archive unpack to any size."""
    end = 0
    for member in sorted(members, key=lambda member: member.header_offset):
        if member.header_offset < end:
            raise damaged(path, f"its members overlap at {shown(member_name(member))!r}")
        end = member.header_offset + _LOCAL_HEADER + member.compress_size
