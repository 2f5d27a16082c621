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
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from assets.checkpoint import checkpoint
from assets.publish.analyst import write_database, write_facts
from assets.publish.context import PublishContext, PublishError
from assets.publish.datapackage import sha256_of, write_datapackage
from assets.publish.marts import MartReader, Query, QueryBatches, marts_of
from assets.publish.tables import OpenTable, write_open_mart
from assets.publish.workbook import write_workbook
from assets.site.write import write_site
from assets.workspace import Workspace

__all__ = ["PublishContext", "PublishError", "current_revision", "open_current", "publish"]

MANIFEST_FILE = "revision.json"
_POINTER_FILE = "current.json"
_STAGING_PREFIX = ".staging-"
_DAMAGED_PREFIX = ".damaged-"
_REVISION_NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,127}")
_READ_ONLY = 0o444


def publish(
    workspace: Workspace,
    query: Query,
    manifest: Mapping[str, Any],
    context: PublishContext,
    revision: str,
    quality_files: Mapping[str, bytes],
    query_batches: QueryBatches | None = None,
    write_office: Callable[[Path], None] | None = None,
) -> Path:
    """Publish the marts as `published/revisions/<revision>/`, move the pointer to it, and return the folder.

    `query` and, for large marts, `query_batches` answer SELECTs on the warehouse; `manifest` is dbt's; `quality_files`
    maps paths under `quality/` to contents, and `write_office` makes the folder `office/`. A revision that is there whole
    is not written again. A kill at any point leaves the old revision current and whole, or the new one; the next call
    clears what is left over.
    Raises PublishError for a mart that may not be published and for unsafe names.
    """
    if not _REVISION_NAME.fullmatch(revision):
        raise PublishError(f"Revision {revision!r} is no folder name. Use letters, digits, dot, dash and underscore.")
    revisions = workspace.published / "revisions"
    revisions.mkdir(parents=True, exist_ok=True)
    _clear_left_over(revisions)
    folder = revisions / revision
    if not _is_whole(folder):
        staging = revisions / f"{_STAGING_PREFIX}{revision}"
        staging.mkdir()
        tables = _write_files(staging, MartReader(query, query_batches), manifest, context, revision, quality_files)
        if write_office is not None:
            write_office(staging / "office")
        # Last, for its pages link what by then stands beside it.
        write_site(tables, context, revision, staging / "open" / "site")
        _write_manifest(staging, context, revision)
        _link_unchanged(staging, _previous(workspace))
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
    pointer = workspace.published / _POINTER_FILE
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


def _write_files(
    root: Path,
    reader: MartReader,
    manifest: Mapping[str, Any],
    context: PublishContext,
    revision: str,
    quality_files: Mapping[str, bytes],
) -> list[OpenTable]:
    """Write what is made of the marts one by one, and return the open tables."""
    marts = marts_of(manifest)
    open_folder, analyst_folder, marts_folder = root / "open", root / "analyst", root / "open" / "marts"
    for folder in (marts_folder, analyst_folder / "facts"):
        folder.mkdir(parents=True)
    write_database(marts, reader, analyst_folder / "sipas.duckdb")
    write_facts(marts, reader, analyst_folder / "facts")
    tables = [
        write_open_mart(mart, reader, marts_folder, context.minimum_n) for mart in marts if mart.audience == "open"
    ]
    write_workbook(tables, context, revision, open_folder / "marts.xlsx")
    write_datapackage(tables, open_folder / "marts.xlsx", context, revision, open_folder / "datapackage.json")
    for name, content in quality_files.items():
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or not path.parts:
            raise PublishError(f"Quality file {name!r} would stand outside quality/. Give a relative path.")
        target = root / "quality" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return tables


def _write_manifest(root: Path, context: PublishContext, revision: str) -> None:
    files = [
        {"path": path.relative_to(root).as_posix(), "bytes": path.stat().st_size, "sha256": sha256_of(path)}
        for path in _files(root)
    ]
    content = {
        "revision": revision,
        "version": context.version,
        "simulated": context.simulated,
        "minimum_n": context.minimum_n,
        "files": files,
    }
    text = json.dumps(content, ensure_ascii=False, indent=1) + "\n"
    (root / MANIFEST_FILE).write_text(text, encoding="utf-8")


def _files(root: Path) -> list[Path]:
    return sorted(path for path in root.rglob("*") if path.is_file())


def _is_whole(folder: Path) -> bool:
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


def _link_unchanged(staging: Path, previous: Path | None) -> None:
    """Replace each file that equals the previous revision's file of the same path by a hard link to it."""
    if previous is None:
        return
    for path in _files(staging):
        old = previous / path.relative_to(staging)
        if old.is_file() and filecmp.cmp(path, old, shallow=False):
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
    aside = published / f".{_POINTER_FILE}.new"
    aside.write_text(json.dumps(pointer) + "\n", encoding="utf-8")
    _sync(aside)
    aside.replace(published / _POINTER_FILE)
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
