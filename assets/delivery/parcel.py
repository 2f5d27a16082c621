"""What is delivered of a published revision as files: the folders of the audiences a destination names, and their checksums."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from assets.delivery.outcome import DeliveryFailed
from assets.publish.revision import MANIFEST_FILE


@dataclass(frozen=True)
class ParcelFile:
    """One file of the parcel; `path` as it stands in the revision, such as ``open/marts.xlsx``."""

    path: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Parcel:
    """The files of one revision for one destination."""

    folder: Path
    revision: str
    files: tuple[ParcelFile, ...]
    manifest: bytes

    @property
    def sums(self) -> dict[str, str]:
        """SHA-256 of each file by its path."""
        return {file.path: file.sha256 for file in self.files}


def parcel_of(folder: Path, audiences: Sequence[str]) -> Parcel:
    """Return the parcel of a revision's folder. Its manifest is the revision's, without the files that stay here.

    Raises DeliveryFailed where the revision has none of the audiences' folders, so that nobody takes an empty delivery for
    a whole one.
    """
    manifest = json.loads((folder / MANIFEST_FILE).read_text(encoding="utf-8"))
    listed = [file for file in manifest["files"] if file["path"].partition("/")[0] in audiences]
    if not listed:
        named = ", ".join(audiences)
        raise DeliveryFailed(
            f"bản {folder.name} không có tệp nào cho {named}", f"revision {folder.name} has no file for {named}"
        )
    content = json.dumps({**manifest, "audiences": list(audiences), "files": listed}, ensure_ascii=False, indent=1)
    files = tuple(ParcelFile(file["path"], file["bytes"], file["sha256"]) for file in listed)
    return Parcel(folder, str(manifest["revision"]), files, (content + "\n").encode())
