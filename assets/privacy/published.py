"""Official forms of published revisions that list a forgotten case by its number: they are taken out, and the revision says so.

All else of a revision stays: figures without any identifier, in which nobody can be found any more.
"""

from __future__ import annotations

import datetime as dt
import html
import json
import os
import re
import zipfile
from collections import defaultdict
from collections.abc import Collection, Iterator
from pathlib import Path

from assets.checkpoint import checkpoint
from assets.forms.kinds import form_kinds
from assets.forms.options import FormOptions
from assets.forms.write import FOLDER, INDEX_FILE
from assets.publish.datapackage import sha256_of
from assets.publish.revision import MANIFEST_FILE, kept_revisions
from assets.workspace import Workspace

# In the manifest of a revision: what was taken out of it, and when.
TAKEN_OUT = "taken_out"
_FORMS = Path("office") / FOLDER
_LISTS = tuple(kind.code for kind in form_kinds(FormOptions()) if kind.lists_cases)
# What stands between two marks of XML.
_TEXT = re.compile(r">([^<>]+)<")
_READ_ONLY = 0o444


def forms_naming(workspace: Workspace, numbers: Collection[str]) -> dict[Path, list[Path]]:
    """Return by revision (its folder) the files of the forms that list one of these case numbers, in every format and language.

    A workbook or Word file of a form tells for all of them; where there is none to look into, the form counts as listing it.
    """
    found: dict[Path, list[Path]] = {}
    # A file that revisions share is looked into once.
    seen: dict[tuple[int, int], bool] = {}
    for name in kept_revisions(workspace):
        revision = workspace.published / "revisions" / name
        forms: dict[tuple[Path, str], list[Path]] = defaultdict(list)
        for code in _LISTS:
            for file in sorted((revision / _FORMS).rglob(f"{code}.*")):
                forms[file.parent, code].append(file)
        files = [file for form in forms.values() if _lists(form, numbers, seen) for file in form]
        if files:
            found[revision] = files
    return found


def take_out(revision: Path, files: Collection[Path], today: dt.date) -> None:
    """Remove forms from a revision, from the index of its forms and from its manifest, which notes it.

    Killed in between, it is ended by another call with the files that are still there.
    """
    paths = {file.relative_to(revision).as_posix() for file in files}
    index_file, manifest_file = revision / _FORMS / INDEX_FILE, revision / MANIFEST_FILE
    index = json.loads(index_file.read_text(encoding="utf-8"))
    index["files"] = [entry for entry in index["files"] if (_FORMS / entry["path"]).as_posix() not in paths]
    _replace(index_file, json.dumps(index, ensure_ascii=False, indent=1) + "\n")
    manifest = json.loads(manifest_file.read_text(encoding="utf-8"))
    listed = [file for file in manifest["files"] if file["path"] not in paths]
    for file in listed:
        if file["path"] == index_file.relative_to(revision).as_posix():
            file |= {"bytes": index_file.stat().st_size, "sha256": sha256_of(index_file)}
    gone = sorted(file["path"] for file in manifest["files"] if file["path"] in paths)
    if gone:
        manifest.setdefault(TAKEN_OUT, []).append({"on": today.isoformat(), "why": "forget", "files": gone})
    _replace(manifest_file, json.dumps(manifest | {"files": listed}, ensure_ascii=False, indent=1) + "\n")
    checkpoint("forget.forms")
    for path in paths:
        (revision / path).unlink(missing_ok=True)


def _lists(form: Collection[Path], numbers: Collection[str], seen: dict[tuple[int, int], bool]) -> bool:
    readable = [file for file in form if file.suffix in (".xlsx", ".docx")]
    for file in readable:
        about = file.stat()
        key = (about.st_dev, about.st_ino)
        if key not in seen:
            seen[key] = any(text in numbers for text in _texts(file))
        if seen[key]:
            return True
    return not readable


def _texts(file: Path) -> Iterator[str]:
    with zipfile.ZipFile(file) as package:
        for part in package.namelist():
            if part.endswith(".xml"):
                for found in _TEXT.finditer(package.read(part).decode("utf-8")):
                    yield html.unescape(found[1]).strip()


def _replace(file: Path, text: str) -> None:
    """Another file in the place of one that other revisions may share."""
    aside = file.with_name(f".{file.name}.new")
    aside.write_text(text, encoding="utf-8")
    aside.chmod(_READ_ONLY)
    with aside.open("rb") as stream:
        os.fsync(stream.fileno())
    os.replace(aside, file)
