"""Whether a file is still the one that was looked at: its rows must not be counted under the hash of other bytes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from assets.ingest.readers.refusal import InputRefused


def sha256_of(file: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal digits."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@dataclass(frozen=True)
class FileStamp:
    """What a file was like before its bytes were hashed. `content_sha` is that hash; None for an archive with many inputs."""

    size: int
    modified_ns: int
    content_sha: str | None

    @classmethod
    def of(cls, file: Path) -> FileStamp | None:
        """Return the stamp of a file, not hashed yet; None when it is gone."""
        try:
            state = file.stat()
        except FileNotFoundError:
            return None
        return cls(state.st_size, state.st_mtime_ns, None)

    def require(self, file: Path) -> None:
        """Raise InputRefused (file.changing) unless the file holds what it held."""
        now = FileStamp.of(file)
        if now is not None:
            if (now.size, now.modified_ns) == (self.size, self.modified_ns):
                return
            if self.content_sha is not None and now.size == self.size and sha256_of(file) == self.content_sha:
                return  # touched, not changed
        raise InputRefused(
            "file.changing",
            "Tệp bị thay đổi trong lúc đang đọc nên không dòng nào được nhận; đợi tệp chép xong rồi chạy lại",
            "The file changed while it was read, so none of its rows was taken in; wait until it is whole and run again",
        )
