"""Zip archives with some of their members replaced or left out; what the others hold stays byte by byte. Deterministic."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from assets.ingest.readers.archive import inflate, member_name, open_archive

_BLOCK = 1 << 20


def replace_members(archive: Path, replaced: Mapping[str, Path | None], target: Path) -> None:
    """Write an archive with the members of these names replaced by files (None: left out), in the order they stood.

    A name is written in UTF-8, as `member_name` reads it. Raises InputRefused: of archives that open_archive refuses, and
    where another member cannot be unpacked.
    """
    with open_archive(archive) as opened:
        members, comment = opened.infolist(), opened.comment
    with zipfile.ZipFile(target, "w") as written:
        written.comment = comment
        for member in members:
            name = member_name(member)
            file = replaced.get(name)
            if name in replaced and file is None:
                continue
            copied = zipfile.ZipInfo(name, member.date_time)
            copied.compress_type, copied.comment = member.compress_type, member.comment
            copied.create_system, copied.external_attr = member.create_system, member.external_attr
            copied.file_size = member.file_size if file is None else file.stat().st_size
            with written.open(copied, "w") as stream:
                for block in inflate(archive, member) if file is None else _blocks(file):
                    stream.write(block)


def _blocks(file: Path) -> Iterator[bytes]:
    with file.open("rb") as stream:
        while block := stream.read(_BLOCK):
            yield block
