"""Delivery into an S3-compatible store. An object is written whole or not at all, but objects cannot be moved: a revision
is built in its own place, and the pointer is what makes it the current one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
from pyarrow import fs

from assets.delivery.outcome import DeliveryFailed
from assets.delivery.tree import BLOCK, send_checked
from assets.ingest.object_store import StoreFailed, open_store, told


class S3Tree:
    """The objects below a URL such as ``s3://bucket/prefix?endpoint_override=…``."""

    lanes = 8
    copies = True

    def __init__(self, url: str, **credentials: str) -> None:
        try:
            self._store, self._base = open_store(url, **credentials)
        except StoreFailed as failure:
            raise DeliveryFailed(failure.message.vi, failure.message.en) from None
        if not isinstance(self._store, fs.S3FileSystem):
            raise DeliveryFailed("địa chỉ không bắt đầu bằng s3://", "the URL does not begin with s3://")
        with _told():
            [bucket] = self._store.get_file_info([self._base.split("/")[0]])
        if bucket.type == fs.FileType.NotFound:
            raise DeliveryFailed("kho không có bucket này", "the store has no such bucket")

    def staging(self, final: str) -> str:
        return final

    def read(self, path: str) -> bytes | None:
        with _told():
            try:
                with self._store.open_input_stream(self._at(path)) as stream:
                    content: bytes = stream.read()
                    return content
            except FileNotFoundError:
                return None

    def sizes(self, folder: str) -> dict[str, int]:
        top = self._at(folder)
        with _told():
            found = self._store.get_file_info(fs.FileSelector(top, allow_not_found=True, recursive=True))
        return {info.path[len(top) + 1 :]: info.size for info in found if info.type == fs.FileType.File}

    def send(self, source: Path, path: str) -> str:
        """Read back, because a store's answer does not vouch for what it holds."""
        with _told():
            with self._store.open_output_stream(self._at(path), buffer_size=BLOCK) as stream:
                sent = send_checked(source, stream)
            with self._store.open_input_stream(self._at(path)) as stream:
                digest = hashlib.sha256()
                while block := stream.read(BLOCK):
                    digest.update(block)
        if digest.hexdigest() != sent:
            self.remove(path)
            raise DeliveryFailed(
                "kho giữ tệp khác với tệp đã gửi; lần sau sẽ gửi lại",
                "the store holds another file than was sent; it is sent again",
                passing=True,
            )
        return sent

    def copy(self, source: str, path: str) -> bool:
        with _told():
            try:
                self._store.copy_file(self._at(source), self._at(path))
            except FileNotFoundError:
                return False
        return True

    def replace(self, path: str, content: bytes) -> None:
        with _told(), self._store.open_output_stream(self._at(path)) as stream:
            stream.write(content)

    def move(self, folder: str, target: str) -> None:
        raise NotImplementedError("objects are built in their place")

    def remove(self, path: str) -> None:
        place = self._at(path)
        with _told():
            [info] = self._store.get_file_info([place])
            if info.type == fs.FileType.Directory:
                self._store.delete_dir(place)
            elif info.type == fs.FileType.File:
                self._store.delete_file(place)

    def show(self, folder: str) -> None:
        pass  # a store has no links

    def _at(self, path: str) -> str:
        return f"{self._base}/{path}"


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise
    except (pa.ArrowException, OSError) as error:
        what = told(error)
        raise DeliveryFailed(
            f"không ghi được vào kho đối tượng ({what})", f"the object store cannot be written ({what})", passing=True
        ) from None
