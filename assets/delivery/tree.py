"""Delivering a revision into a tree of files, wherever that is, so that its readers see one revision, whole.

The tree is that of `published/`: ``current.json`` names the revision, ``revisions/<revision>/`` holds it. Files are put
beside what readers see; the revision is complete before the pointer is moved to it, in one step, last. What an
interrupted delivery left is used by the next one. How files are written stands in the module of each kind.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from assets.delivery.outcome import DeliveryFailed, Sent
from assets.delivery.parcel import Parcel, ParcelFile
from assets.publish.revision import MANIFEST_FILE, POINTER_FILE

BLOCK = 1 << 20
_REVISIONS = "revisions"
STAGING = f"{_REVISIONS}/.partial"
_DAMAGED = f"{_REVISIONS}/.damaged"
# What stands, or is to stand, in the staging folder.
_PLAN = f"{_REVISIONS}/.partial.json"
_NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,127}")


class Tree(Protocol):
    """A tree of files. Paths are relative to its root, with slashes. Every call may raise DeliveryFailed.

    `lanes`: how many files may be sent at a time. `copies`: whether it can copy within itself.
    """

    lanes: int
    copies: bool

    def staging(self, final: str) -> str:
        """The folder in which a revision's folder is built: STAGING, or the folder itself where files cannot be moved."""

    def read(self, path: str) -> bytes | None:
        """A small file, or None where there is none."""

    def sizes(self, folder: str) -> dict[str, int]:
        """Bytes of every file below the folder by its path in it; empty where there is no such folder."""

    def send(self, source: Path, path: str) -> str:
        """Write a file into a staging folder and return the SHA-256 of what was written. One that is cut off has another size."""

    def copy(self, source: str, path: str) -> bool:
        """Copy a file within the tree; False where the place cannot."""

    def replace(self, path: str, content: bytes) -> None:
        """Write a small file in one step: readers see the old or the new one."""

    def move(self, folder: str, target: str) -> None:
        """Move a folder to where there is none, in one step. Never called where `staging` returns its argument."""

    def remove(self, path: str) -> None:
        """Remove a file or a folder with all in it; none there is no fault."""

    def show(self, folder: str) -> None:
        """Let people find the current revision under a fixed name, where the place has links; else nothing."""


def deliver_tree(tree: Tree, parcel: Parcel, keep: int, dry_run: bool = False) -> Sent:
    """Bring the parcel into the tree and point to it; return what was, or would be, done. Raises DeliveryFailed.

    Of earlier revisions that were delivered here, the `keep` - 1 latest stay.
    """
    pointer = _pointer(tree)
    final = f"{_REVISIONS}/{parcel.revision}"
    is_whole = tree.read(f"{final}/{MANIFEST_FILE}") == parcel.manifest and _holds(tree, final, parcel)
    if is_whole and pointer[:1] == [parcel.revision]:
        return Sent(0, len(parcel.files), 0, is_current=True)
    if not is_whole and not dry_run and not tree.copies:
        pointer = _reuse_oldest(tree, final, pointer, keep)
    sent = (
        Sent(0, len(parcel.files), 0, is_current=False) if is_whole else _build(tree, parcel, final, pointer, dry_run)
    )
    if not dry_run:
        _point(tree, parcel.revision, pointer, keep)
        tree.remove(_PLAN)
    return sent


def send_checked(source: Path, target: BinaryIO) -> str:
    """Copy a file into an open one, a block at a time; return its SHA-256."""
    digest = hashlib.sha256()
    with source.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
            target.write(block)
    return digest.hexdigest()


def _build(tree: Tree, parcel: Parcel, final: str, pointer: list[str], dry_run: bool) -> Sent:
    """Make the revision's folder complete: what stands in the staging folder is used, then what an earlier revision has."""
    staging = tree.staging(final)
    standing = tree.sizes(staging)
    # The plan was written before the files it names: a file of that name and size is the one it names.
    plan = tree.read(_PLAN)
    is_of_staging = plan is not None and (staging != final or _json(plan).get("revision") == parcel.revision)
    planned = _sums(plan if is_of_staging else tree.read(f"{staging}/{MANIFEST_FILE}"))
    wanted = {file.path: file for file in parcel.files}
    good = {
        path for path, size in standing.items()
        if path in wanted and (wanted[path].bytes, wanted[path].sha256) == (size, planned.get(path))
    }  # fmt: skip
    earlier = _earlier(tree, pointer)
    to_send = [file for path, file in wanted.items() if path not in good]
    if not dry_run:
        _give_up(tree, plan, final, pointer)
        for path in standing.keys() - good - {MANIFEST_FILE}:
            tree.remove(f"{staging}/{path}")
        tree.replace(_PLAN, parcel.manifest)

    def bring(file: ParcelFile) -> int | None:
        """Bytes sent; None where that was not needed."""
        source, target = earlier.get(file.sha256), f"{staging}/{file.path}"
        if dry_run:
            return None if source else file.bytes
        if source and tree.copy(source, target):
            return None
        local = parcel.folder / file.path
        if not local.is_file() or tree.send(local, target) != file.sha256:
            tree.remove(target)
            raise DeliveryFailed(
                f"tệp {file.path} của bản {parcel.revision} không còn như khi công bố; chạy lại sipas run --full",
                f"{file.path} of revision {parcel.revision} is not what was published; run `sipas run --full`",
            )
        return file.bytes

    with ThreadPoolExecutor(tree.lanes) as lanes:
        taken = [lanes.submit(bring, file) for file in to_send]
        try:
            sent = [size for task in taken if (size := task.result()) is not None]
        except BaseException:
            lanes.shutdown(cancel_futures=True)
            raise
    if not dry_run:
        _finish(tree, parcel, staging, final)
    return Sent(len(sent), len(wanted) - len(sent), sum(sent), is_current=False)


def _give_up(tree: Tree, plan: bytes | None, final: str, pointer: list[str]) -> None:
    """Remove the folder that an interrupted delivery of another revision began and never pointed to."""
    begun = _json(plan).get("revision")
    if not isinstance(begun, str) or not _NAME.fullmatch(begun) or begun in pointer:
        return
    left = f"{_REVISIONS}/{begun}"
    if left != final:
        tree.remove(left)


def _reuse_oldest(tree: Tree, final: str, pointer: list[str], keep: int) -> list[str]:
    """Let the revision that would be removed after this delivery become its staging folder; return what is left to point to.

    Where nothing can be copied, only so do its unchanged files not have to be sent again.
    """
    oldest = f"{_REVISIONS}/{pointer[-1]}" if len(pointer) >= keep else final
    manifest = tree.read(f"{oldest}/{MANIFEST_FILE}")
    if oldest == final or manifest is None or tree.sizes(tree.staging(final)):
        return pointer
    _write_pointer(tree, pointer[:-1])
    tree.replace(_PLAN, manifest)
    tree.move(oldest, tree.staging(final))
    return pointer[:-1]


def _finish(tree: Tree, parcel: Parcel, staging: str, final: str) -> None:
    if not _holds(tree, staging, parcel):
        raise DeliveryFailed(
            "nơi nhận không giữ đủ các tệp đã gửi; kiểm tra dung lượng và quyền ghi",
            "the destination does not hold all that was sent; check its space and permissions",
            passing=True,
        )
    tree.replace(f"{staging}/{MANIFEST_FILE}", parcel.manifest)
    if staging == final:
        return
    tree.remove(_DAMAGED)
    if tree.sizes(final):  # damaged there, or for other audiences than now
        tree.move(final, _DAMAGED)
    tree.move(staging, final)
    tree.remove(_DAMAGED)


def _holds(tree: Tree, folder: str, parcel: Parcel) -> bool:
    """Whether the folder holds the parcel's files in their sizes, and no others."""
    sizes = tree.sizes(folder)
    sizes.pop(MANIFEST_FILE, None)
    return sizes == {file.path: file.bytes for file in parcel.files}


def _point(tree: Tree, revision: str, pointer: list[str], keep: int) -> None:
    """Move the pointer, then remove the revisions that are no longer kept. The pointer lists what may stand there."""
    known = [revision, *(name for name in pointer if name != revision)]
    _write_pointer(tree, known)
    tree.show(f"{_REVISIONS}/{revision}")
    if len(known) > keep:
        for name in known[keep:]:
            tree.remove(f"{_REVISIONS}/{name}")
        _write_pointer(tree, known[:keep])


def _write_pointer(tree: Tree, known: list[str]) -> None:
    content = {"revision": known[0], "path": f"{_REVISIONS}/{known[0]}", "earlier": known[1:]}
    tree.replace(POINTER_FILE, (json.dumps(content) + "\n").encode())


def _pointer(tree: Tree) -> list[str]:
    """The current revision of the tree and the earlier ones, latest first; empty before the first delivery."""
    content = _json(tree.read(POINTER_FILE))
    named = [content.get("revision"), *(content.get("earlier") or [])]
    return [name for name in named if isinstance(name, str) and _NAME.fullmatch(name)]


def _earlier(tree: Tree, pointer: list[str]) -> dict[str, str]:
    """Path of a file of the tree's current revision by its SHA-256, where it can be copied."""
    if not pointer or not tree.copies:
        return {}
    folder = f"{_REVISIONS}/{pointer[0]}"
    listed, sizes = _json(tree.read(f"{folder}/{MANIFEST_FILE}")).get("files", []), tree.sizes(folder)
    whole = (file for file in listed if sizes.get(file["path"]) == file["bytes"])
    return {file["sha256"]: f"{folder}/{file['path']}" for file in whole}


def _sums(manifest: bytes | None) -> dict[str, str]:
    return {file["path"]: file["sha256"] for file in _json(manifest).get("files", [])}


def _json(content: bytes | None) -> Mapping[str, Any]:
    """An object, empty where the content is none: it is then written anew."""
    try:
        found = json.loads(content or b"{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
