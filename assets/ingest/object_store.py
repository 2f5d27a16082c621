"""Folders in an object store (S3 and its like): what is new there is fetched into the private zone and read as files.

Credentials come from the environment as the store's own client expects them, never from a URL. What the files mean is
not known here.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from urllib.parse import parse_qsl, urlsplit

import pyarrow as pa
from pyarrow import fs

from assets.ingest.readers.limits import MAX_FILE_BYTES, too_large
from assets.ingest.readers.table import InputRefused
from quality.contract import Bilingual
from quality.problem import Problem

# A store that does not answer must not hold up the other sources for long.
CONNECT_SECONDS = 5
ANSWER_SECONDS = 60
ATTEMPTS = 3
# An object that was written so shortly before it was fetched may be written again within one tick of the store's clock.
TICK_SECONDS = 5

_MEMORY = "objects.json"
_BLOCK = 8 << 20
# Options of an S3 URL that are handed to the client.
_S3_OPTIONS = frozenset({"endpoint_override", "region", "scheme"})


class StoreFailed(Exception):
    """The store cannot be asked; the message holds no credentials."""

    def __init__(self, rule: str, vi: str, en: str) -> None:
        super().__init__(f"{rule}: {en}")
        self.rule = rule
        self.message = Bilingual(vi=vi, en=en)

    def problem(self, file: str) -> Problem:
        """Return it as a problem of a source."""
        return Problem(self.rule, self.message, file=file)


@dataclass(frozen=True)
class _Kept:
    """What is known of a fetched object: how it stood in the store, and the file it was written to."""

    size: int
    changed_ns: int
    tag: str
    file: str
    fetched_ns: int

    @property
    def is_certain(self) -> bool:
        return self.fetched_ns - self.changed_ns > TICK_SECONDS * 1_000_000_000


class ObjectFolder:
    """The objects below a URL such as ``s3://bucket/prefix?endpoint_override=…``.

    In its life it is listed once and each object is fetched once at most: asking twice could give two answers.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._failure: StoreFailed | None = None
        self._settled: dict[str, tuple[Path, InputRefused | None]] = {}

    def files(self, wanted: re.Pattern[str], cache: Path) -> Iterator[tuple[str, Path, InputRefused | None]]:
        """Yield each object whose path below the URL fits: that path, the file in the cache, and why it cannot be read.

        Only what is new or has changed is fetched. Objects that are gone leave the cache. Raises StoreFailed.
        """
        if self._failure is not None:
            raise self._failure
        try:
            yield from self._files(wanted, cache)
        except StoreFailed as failure:
            self._failure = failure
            raise

    def count(self) -> int:
        """Return the number of objects there are. Raises StoreFailed."""
        return len(self._listed)

    def _files(self, wanted: re.Pattern[str], cache: Path) -> Iterator[tuple[str, Path, InputRefused | None]]:
        cache.mkdir(parents=True, exist_ok=True)
        kept = _remembered(cache)
        for path in kept.keys() - self._listed.keys():
            (cache / kept.pop(path).file).unlink(missing_ok=True)
        for path, info in sorted(self._listed.items()):
            if wanted.fullmatch(path) is None:
                continue
            if path not in self._settled:
                name = Path(PurePosixPath(path).name)
                known = kept.get(path)
                if info.size > MAX_FILE_BYTES:
                    size = f"{info.size >> 20:,} MB"
                    self._settled[path] = name, too_large(name, f"có {size}", f"has {size}")
                elif known is None or not self._is_as_kept(known, info, cache):
                    known = self._fetch(info, cache, path)
                    if known is None:
                        continue  # gone since it was listed
                    kept[path] = known
                    _remember(cache, kept)
                if known is not None:
                    self._settled[path] = cache / known.file, None
            yield path, *self._settled[path]
        _remember(cache, kept)

    @cached_property
    def _store(self) -> tuple[fs.FileSystem, str]:
        return open_store(self._url)

    @cached_property
    def _listed(self) -> dict[str, fs.FileInfo]:
        """Every object by its path below the URL."""
        store, base = self._store
        try:
            # Before the first upload there is nothing below the prefix; the bucket must be there.
            [top] = store.get_file_info([base.split("/")[0] if isinstance(store, fs.S3FileSystem) else base])
            if top.type == fs.FileType.NotFound:
                raise FileNotFoundError(f"there is no {top.path}")
            found = store.get_file_info(fs.FileSelector(base, allow_not_found=True, recursive=True))
        except (pa.ArrowException, OSError) as error:
            raise _unreachable(error) from None
        return {info.path.removeprefix(base).lstrip("/"): info for info in found if info.type == fs.FileType.File}

    def _is_as_kept(self, known: _Kept, info: fs.FileInfo, cache: Path) -> bool:
        if (known.size, known.changed_ns) != (info.size, _changed(info)) or not (cache / known.file).is_file():
            return False
        try:
            return known.is_certain or self._state(info.path) == (known.size, known.changed_ns, known.tag)
        except FileNotFoundError:
            return False
        except (pa.ArrowException, OSError) as error:
            raise _unreachable(error) from None

    def _fetch(self, info: fs.FileInfo, cache: Path, path: str) -> _Kept | None:
        """Fetch an object as it stands in one moment; None when it is gone. Raises StoreFailed when it does not hold still."""
        store, _ = self._store
        # The name in the store may be anything; the file's name is ours, but for the last part, which messages show.
        folder = hashlib.sha256(path.encode()).hexdigest()[:16]
        name = re.sub(r"[^\w.\- ]", "_", PurePosixPath(path).name)[-100:]
        (cache / folder).mkdir(exist_ok=True)
        target = cache / folder / name
        part = target.with_name(f"{name}.part")
        for _ in range(ATTEMPTS):
            try:
                before = self._state(info.path)
                fetched_ns = time.time_ns()
                with store.open_input_stream(info.path) as stream, part.open("wb") as file:
                    while block := stream.read(_BLOCK):
                        file.write(block)
                if before == self._state(info.path) and part.stat().st_size == before[0]:
                    os.replace(part, target)
                    return _Kept(*before, f"{folder}/{name}", fetched_ns)
            except FileNotFoundError:
                target.unlink(missing_ok=True)
                return None
            except (pa.ArrowException, OSError) as error:
                raise _unreachable(error) from None
            finally:
                part.unlink(missing_ok=True)
        raise StoreFailed(
            "store.changing",
            f"Tệp “{path}” trong kho đối tượng đang được ghi; lần chạy sau sẽ đọc lại",
            f"The object {path!r} is being written; the next run reads it",
        )

    def _state(self, path: str) -> tuple[int, int, str]:
        """Size, time of change, and the store's own mark of an object's content (blank where it has none)."""
        store, _ = self._store
        [info] = store.get_file_info([path])
        if info.type != fs.FileType.File:
            raise FileNotFoundError(path)
        with store.open_input_stream(path) as stream:
            return info.size, _changed(info), (stream.metadata() or {}).get("ETag", b"").decode()


def open_store(url: str, **credentials: str) -> tuple[fs.FileSystem, str]:
    """Return the store that a URL names, and the path in it; `credentials` as the store's client names them.

    Raises StoreFailed. Nothing is asked of an S3 store yet.
    """
    parts = urlsplit(url)
    if "@" in parts.netloc:
        raise StoreFailed(
            "store.url",
            "Địa chỉ kho đối tượng không được chứa khoá truy cập; đặt khoá trong biến môi trường của kho",
            "The URL of an object store must not hold credentials; put them into the store's own variables",
        )
    try:
        if parts.scheme != "s3":
            store, path = fs.FileSystem.from_uri(url)
            return store, path.rstrip("/")
        options = dict(parse_qsl(parts.query))
        if unknown := sorted(options.keys() - _S3_OPTIONS):
            raise StoreFailed(
                "store.url",
                f"Địa chỉ kho đối tượng có tham số lạ “{unknown[0]}”; dùng {', '.join(sorted(_S3_OPTIONS))}",
                f"The URL of the object store has an unknown option {unknown[0]!r}; known are {', '.join(sorted(_S3_OPTIONS))}",
            )
        store = fs.S3FileSystem(
            connect_timeout=CONNECT_SECONDS,
            request_timeout=ANSWER_SECONDS,
            retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=ATTEMPTS),
            **options,
            **credentials,
        )
        return store, f"{parts.netloc}{parts.path}".rstrip("/")
    except (pa.ArrowException, OSError, ValueError, ImportError) as error:
        raise _unreachable(error) from None


def told(error: Exception) -> str:
    """Return the first line of what a store's client says, without URLs and keys that it may repeat."""
    said = re.sub(r"\S*(?:://|@)\S*|[A-Za-z0-9/+=]{40,}", "…", str(error)).splitlines()
    return (said[0] if said else type(error).__name__)[:200]


def _changed(info: fs.FileInfo) -> int:
    return info.mtime_ns or 0  # some stores know no time


def _unreachable(error: Exception) -> StoreFailed:
    what = told(error)
    return StoreFailed(
        "store.unreachable",
        f"Không đọc được kho đối tượng ({what}); kiểm tra địa chỉ, mạng và khoá truy cập trong biến môi trường",
        f"The object store cannot be read ({what}); check its URL, the network, and the credentials in the environment",
    )


def _remembered(cache: Path) -> dict[str, _Kept]:
    try:
        found = json.loads((cache / _MEMORY).read_text(encoding="utf-8"))
        return {path: _Kept(**about) for path, about in found.items()}
    except (OSError, ValueError, TypeError):
        return {}  # fetched again


def _remember(cache: Path, kept: dict[str, _Kept]) -> None:
    part = cache / f"{_MEMORY}.part"
    part.write_text(json.dumps({path: asdict(about) for path, about in kept.items()}), encoding="utf-8")
    os.replace(part, cache / _MEMORY)
