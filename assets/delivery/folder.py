"""Delivery into a folder: of this machine, or a network drive that is mounted here."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from assets.delivery.outcome import DeliveryFailed
from assets.delivery.tree import STAGING, send_checked

_LINK = "current"
_READ_ONLY = 0o444


class FolderTree:
    """The files below a folder, which is there already: one that is not mounted must not be taken for an empty one."""

    lanes = 1
    copies = True

    def __init__(self, root: Path) -> None:
        self._root = root
        if not root.is_dir():
            raise DeliveryFailed(
                "thư mục của nơi nhận không có; tạo thư mục, hoặc kết nối ổ mạng",
                "the destination's folder does not exist; make it, or mount its drive",
            )

    def staging(self, final: str) -> str:
        return STAGING

    def read(self, path: str) -> bytes | None:
        with _told():
            try:
                return (self._root / path).read_bytes()
            except FileNotFoundError:
                return None

    def sizes(self, folder: str) -> dict[str, int]:
        with _told():
            top = self._root / folder
            return {file.relative_to(top).as_posix(): file.stat().st_size for file in top.rglob("*") if file.is_file()}

    def send(self, source: Path, path: str) -> str:
        target = self._root / path
        part = target.with_name(f"{target.name}.part")
        with _told():
            target.parent.mkdir(parents=True, exist_ok=True)
            with part.open("wb") as file:
                digest = send_checked(source, file)
                file.flush()
                os.fsync(file.fileno())
            part.chmod(_READ_ONLY)
            part.replace(target)
        return digest

    def copy(self, source: str, path: str) -> bool:
        target = self._root / path
        with _told():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.unlink(missing_ok=True)
            try:
                os.link(self._root / source, target)
            except OSError:  # a drive without hard links, or a file that is gone: it is sent
                return False
        return True

    def replace(self, path: str, content: bytes) -> None:
        target = self._root / path
        part = target.with_name(f".{target.name}.part")
        with _told():
            target.parent.mkdir(parents=True, exist_ok=True)
            with part.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            part.replace(target)

    def move(self, folder: str, target: str) -> None:
        with _told():
            (self._root / folder).rename(self._root / target)

    def remove(self, path: str) -> None:
        target = self._root / path
        with _told():
            if target.is_dir() and not target.is_symlink():
                shutil.rmtree(target)
            else:
                target.unlink(missing_ok=True)

    def show(self, folder: str) -> None:
        aside = self._root / f".{_LINK}.part"
        with contextlib.suppress(OSError):  # a drive without symbolic links goes without
            aside.unlink(missing_ok=True)
            aside.symlink_to(folder, target_is_directory=True)
            aside.replace(self._root / _LINK)


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else type(error).__name__
        raise DeliveryFailed(
            f"không ghi được vào thư mục ({reason})", f"the folder cannot be written ({reason})"
        ) from None
