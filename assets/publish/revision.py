"""One publication as an immutable folder and the pointer to it, so that a reader always sees one revision, whole.

What the files hold is written by the modules beside this one; this one stages, links, renames and points. The caller
holds the workspace lock: at most one publication of a workspace runs at a time.
"""

from __future__ import annotations

import contextlib
import filecmp
import json
import os
import re
import shutil
from pathlib import Path

from assets.checkpoint import checkpoint
from assets.publish.contents import Contents
from assets.publish.context import PublishContext, PublishError
from assets.publish.datapackage import sha256_of
from assets.workspace import Workspace

__all__ = [
    "PublishContext",
    "PublishError",
    "carried_by_current",
    "current_revision",
    "is_whole",
    "kept_revisions",
    "open_current",
    "open_revision",
    "publish",
]

MANIFEST_FILE = "revision.json"
POINTER_FILE = "current.json"
# What the revision before made this one hide beyond its own figures; part of the name, so kept with it.
_CARRIED = "hidden_before"
_STAGING_PREFIX = ".staging-"
_DAMAGED_PREFIX = ".damaged-"
_REVISION_NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,127}")
_READ_ONLY = 0o444


def publish(workspace: Workspace, revision: str, contents: Contents) -> Path:
    """Publish `published/revisions/<revision>/`, move the pointer to it, and return the folder.

    A revision that is there whole is not written again. A kill at any point leaves the old revision current and whole, or
    the new one; the next call clears what is left over.
    Raises PublishError for a mart that may not be published and for unsafe names.
    """
    if not _REVISION_NAME.fullmatch(revision):
        raise PublishError(f"Revision {revision!r} is no folder name. Use letters, digits, dot, dash and underscore.")
    revisions = workspace.published / "revisions"
    revisions.mkdir(parents=True, exist_ok=True)
    _clear_left_over(revisions)
    folder = revisions / revision
    if not is_whole(folder):
        staging = revisions / f"{_STAGING_PREFIX}{revision}"
        staging.mkdir()
        base, previous = _base(workspace, revision), _previous(workspace)
        contents.write(staging, revision, base, previous)
        _write_manifest(staging, contents, revision, base)
        _link_unchanged(staging, previous)
        _seal(staging)
        checkpoint("publish.staged")
        if folder.exists():  # damaged after it was published: a whole copy takes its place
            folder.rename(revisions / f"{_DAMAGED_PREFIX}{revision}")
        staging.rename(folder)
        _sync(revisions)
        checkpoint("publish.renamed")
    _point(workspace.published, revision)
    checkpoint("publish.pointed")
    _link_current(workspace.published, revision)
    _clear_left_over(revisions)
    return folder


def current_revision(workspace: Workspace) -> str | None:
    """The revision the pointer names, or None where nothing was published. Raises PublishError on a broken pointer."""
    pointer = workspace.published / POINTER_FILE
    try:
        return str(json.loads(pointer.read_text(encoding="utf-8"))["revision"])
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise PublishError(
            f"{pointer} is not a pointer written here: {error}. Remove it and run `sipas run`."
        ) from error


def open_current(workspace: Workspace) -> Path:
    """The folder of the current revision, resolved once: what is read from it belongs together.

    Raises PublishError where nothing was published, or the revision's folder is gone.
    """
    revision = current_revision(workspace)
    if revision is None:
        raise PublishError(f"Nothing was published in {workspace.published} yet. Run `sipas run`.")
    folder = workspace.published / "revisions" / revision
    if not (folder / MANIFEST_FILE).is_file():
        raise PublishError(f"The current revision {revision} is missing from {folder.parent}. Run `sipas run`.")
    return folder


def kept_revisions(workspace: Workspace) -> list[str]:
    """The names of the revisions that are there, whole, in the order of their names: a name tells no order of time."""
    folder = workspace.published / "revisions"
    return sorted(
        path.parent.name for path in folder.glob(f"*/{MANIFEST_FILE}") if not path.parent.name.startswith(".")
    )


def open_revision(workspace: Workspace, name: str | None) -> Path:
    """The folder of a kept revision, named by its first characters where no other begins so; of the current one for None.

    Raises PublishError, naming those that there are.
    """
    if name is None:
        return open_current(workspace)
    kept = kept_revisions(workspace)
    found = [one for one in kept if one == name] or [one for one in kept if name and one.startswith(name)]
    if len(found) == 1:
        return workspace.published / "revisions" / found[0]
    current = current_revision(workspace)
    listed = ", ".join(f"{one} (current)" if one == current else one for one in kept) or "none"
    raise PublishError(
        f"{'Several revisions begin with' if found else 'There is no revision'} “{name}”; kept are {listed}"
        " (chọn một bản công bố trong số này)"
    )


def carried_by_current(workspace: Workspace) -> str | None:
    """Digest of what the current revision hides because of the one before it; None where that is nothing."""
    try:
        content = json.loads((open_current(workspace) / MANIFEST_FILE).read_text(encoding="utf-8"))
        carried: str | None = content.get(_CARRIED)
        return carried
    except (PublishError, ValueError):  # nothing published, or damaged and about to be written again
        return None


def _write_manifest(root: Path, contents: Contents, revision: str, base: Path | None) -> None:
    context, carried = contents.context, contents.plan.carried if contents.plan else None
    files = [
        {"path": path.relative_to(root).as_posix(), "bytes": path.stat().st_size, "sha256": sha256_of(path)}
        for path in _files(root)
    ]
    content = {
        "revision": revision,
        "version": context.version,
        "simulated": context.simulated,
        "minimum_n": context.minimum_n,
        "base": base.name if base is not None else None,
        **({_CARRIED: carried} if carried else {}),
        "files": files,
    }
    text = json.dumps(content, ensure_ascii=False, indent=1) + "\n"
    (root / MANIFEST_FILE).write_text(text, encoding="utf-8")


def _files(root: Path) -> list[Path]:
    return sorted(path for path in root.rglob("*") if path.is_file())


def is_whole(folder: Path) -> bool:
    """Whether the folder holds exactly the files its manifest lists, byte for byte."""
    try:
        listed = json.loads((folder / MANIFEST_FILE).read_text(encoding="utf-8"))["files"]
        sums = {str(file["path"]): str(file["sha256"]) for file in listed}
    except (OSError, ValueError, KeyError, TypeError):
        return False
    present = {path.relative_to(folder).as_posix() for path in _files(folder)} - {MANIFEST_FILE}
    return present == sums.keys() and all(sha256_of(folder / name) == digest for name, digest in sums.items())


def _previous(workspace: Workspace) -> Path | None:
    try:
        return open_current(workspace)
    except PublishError:  # nothing to link to is no obstacle to publishing
        return None


def _base(workspace: Workspace, revision: str) -> Path | None:
    """The folder of the revision that this one's changes are told against: the current one; the same again when this one is
    written anew because it was damaged."""
    current = _previous(workspace)
    if current is not None and current.name == revision:
        with contextlib.suppress(ValueError, KeyError, TypeError, OSError):
            named = json.loads((current / MANIFEST_FILE).read_text(encoding="utf-8"))["base"]
            current = current.with_name(named)
    return current if current is not None and current.name != revision and current.is_dir() else None


def _link_unchanged(staging: Path, previous: Path | None) -> None:
    """Replace each file that equals the previous revision's file of the same path by a hard link to it."""
    if previous is None:
        return
    for path in _files(staging):
        old = previous / path.relative_to(staging)
        if old.is_file() and not path.samefile(old) and filecmp.cmp(path, old, shallow=False):
            link = path.with_name(path.name + ".link")
            with contextlib.suppress(OSError):  # a file system without hard links keeps the copy
                os.link(old, link)
                link.replace(path)


def _seal(root: Path) -> None:
    """Make the files read-only and bring files and folders to the disk, so that the rename publishes them whole."""
    for path in _files(root):
        path.chmod(_READ_ONLY)
        _sync(path)
    for folder in sorted((path for path in root.rglob("*") if path.is_dir()), reverse=True):
        _sync(folder)
    _sync(root)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _point(published: Path, revision: str) -> None:
    pointer = {"revision": revision, "path": f"revisions/{revision}"}
    aside = published / f".{POINTER_FILE}.new"
    aside.write_text(json.dumps(pointer) + "\n", encoding="utf-8")
    _sync(aside)
    aside.replace(published / POINTER_FILE)
    _sync(published)


def _link_current(published: Path, revision: str) -> None:
    """The link `current`, for people; programs read the pointer. A file system without links goes without."""
    aside = published / ".current.new"
    with contextlib.suppress(OSError):
        aside.unlink(missing_ok=True)
        aside.symlink_to(Path("revisions") / revision, target_is_directory=True)
        aside.replace(published / "current")


def _clear_left_over(revisions: Path) -> None:
    for pattern in (f"{_STAGING_PREFIX}*", f"{_DAMAGED_PREFIX}*"):
        for folder in revisions.glob(pattern):
            shutil.rmtree(folder)
