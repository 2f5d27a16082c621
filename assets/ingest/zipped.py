"""Zipped sets: every file in an archive of the inbox is an input of its own. What the files hold is not known here."""

from __future__ import annotations

import hashlib
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from assets.ingest.readers.archive import inflate, member_name, open_archive
from assets.ingest.readers.sheet_marks import encrypted
from assets.ingest.readers.table import InputRefused

# Between an archive and what stands in it, in a path pattern and in the name of an input.
INSIDE = "!/"
_ARCHIVES = (".zip", ".rar", ".7z", ".gz", ".tgz", ".tar", ".xz", ".bz2")
# What programs add to a set by themselves: macOS its attributes, Excel the lock of an open file.
_ADDED = ("__MACOSX/",)
_ADDED_NAMES = ("~$", "._")


@dataclass(frozen=True)
class Member:
    """A file in an archive, unpacked into a folder of its own below `work` while it is read."""

    archive: Path
    info: zipfile.ZipInfo
    work: Path

    @property
    def name(self) -> str:
        return member_name(self.info)

    def content_sha(self) -> str:
        """The hash of its bytes. Raises InputRefused: file.encrypted, file.nested_archive, file.damaged."""
        digest = hashlib.sha256()
        for block in self._blocks():
            digest.update(block)
        return digest.hexdigest()

    @contextmanager
    def unpacked(self) -> Iterator[Path]:
        """Give the file under its own last name, which can point nowhere else. Raises InputRefused as above."""
        self.work.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self.work) as folder:
            file = Path(folder) / PurePosixPath(self.name).name
            with file.open("wb") as target:
                for block in self._blocks():
                    target.write(block)
            yield file

    def _blocks(self) -> Iterator[bytes]:
        if self.info.flag_bits & 1:
            raise encrypted(Path(self.name))
        if self.name.casefold().endswith(_ARCHIVES):
            raise InputRefused(
                "file.nested_archive",
                f"Trong tệp nén “{self.archive.name}” lại có tệp nén “{self.name}”. Hãy đề nghị đơn vị nén một lần.",
                f"The archive {self.archive.name!r} holds another archive, {self.name!r}. Ask the sender to pack once.",
            )
        return inflate(self.archive, self.info)


def is_nested(member: Member) -> bool:
    """Whether a member is an archive itself: whatever the pattern, it must not go by unnoticed."""
    return member.name.casefold().endswith(_ARCHIVES)


def split_path(path: str) -> tuple[str, str | None]:
    """A path pattern or an input's name as the archive and what stands in it; None for one that is no archive's."""
    at = path.casefold().find(f".zip{INSIDE}")
    return (path, None) if at < 0 else (path[: at + 4], path[at + 4 + len(INSIDE) :])


def members(archive: Path, work: Path) -> list[Member]:
    """Every file in an archive, in the order of the archive. Raises InputRefused for the archive as a whole."""
    with open_archive(archive) as opened:
        found = [Member(archive, info, work) for info in opened.infolist() if not info.is_dir()]
    return [
        member
        for member in found
        if not member.name.startswith(_ADDED) and not PurePosixPath(member.name).name.startswith(_ADDED_NAMES)
    ]


def nothing_inside(archive: Path, pattern: str) -> InputRefused:
    """The refusal of an archive in which nothing has a name that the spec expects."""
    return InputRefused(
        "file.member_missing",
        f"Trong tệp nén “{archive.name}” không có tệp nào khớp với “{pattern}”. Hãy sửa location.path trong khai báo nguồn "
        "hoặc đề nghị đơn vị nén lại theo mẫu.",
        f"Nothing in the archive {archive.name!r} matches {pattern!r}. Correct location.path in the source spec, "
        "or ask the sender to pack it as agreed.",
    )
