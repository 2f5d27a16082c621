"""The official forms of a run as files, with an index of them: which are written, and which are linked as they were.

What a form holds stands in fill/, how it looks in render/, who draws it in draw.py. Nothing of what is written depends on an
earlier revision: one only saves the drawing of forms that are in it already.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from assets.forms.draw import FormFailed, Job, draw
from assets.forms.figures import Figures, Query
from assets.forms.kind import FormKind
from assets.forms.kinds import form_kinds
from assets.forms.model import Form, Format, Language
from assets.forms.options import FormOptions
from assets.forms.render.faces import Face, office_face
from assets.forms.render.formats import content_digest
from assets.forms.scope import Territory, read_calendar
from assets.forms.subject import Period, Subject
from assets.publish.datapackage import sha256_of

INDEX_FILE = "index.json"
FOLDER = "forms"
AUDIENCES = ("office", "open")


@dataclass(frozen=True)
class Filed:
    """A filled form, whom it is for, and the folder of its unit and period."""

    form: Form
    audience: str
    subject: Subject
    folder: str


@dataclass(frozen=True)
class Written:
    """How many files were drawn, and how many linked because nothing in them had changed."""

    drawn: int
    linked: int


def write_forms(
    query: Query,
    root: Path,
    options: FormOptions,
    simulated: bool,
    previous: Path | None = None,
    kinds: Sequence[FormKind] | None = None,
    face: Face | None = None,
    disclosed: Query | None = None,
) -> Written:
    """Write the forms that the options ask for into `office/forms` and `open/forms` under root.

    `disclosed` is as in `fill_forms`. `previous` is the folder of an earlier revision, whose unchanged files are linked.
    Raises FormFailed.
    """
    periods = read_calendar(query).last_months(options.months)
    if not periods:
        return Written(0, 0)
    chosen = form_kinds(options) if kinds is None else kinds
    filled = fill_forms(query, periods, options.languages, simulated, chosen, disclosed=disclosed)
    folders = {audience: root / audience / FOLDER for audience in AUDIENCES}
    earlier = {audience: previous / audience / FOLDER for audience in AUDIENCES} if previous is not None else {}
    return write_files(filled, folders, options.formats, face or office_face(), earlier)


def fill_forms(
    query: Query,
    periods: Sequence[Period],
    languages: Sequence[Language],
    simulated: bool,
    kinds: Sequence[FormKind],
    codes: Iterable[str] | None = None,
    disclosed: Query | None = None,
) -> Iterator[Filed]:
    """Fill every form that the units (those of `codes` alone, where given) owe of the periods, one after the other.

    `query` asks the warehouse. `disclosed` asks the marts as they are published, which forms for everybody are filled from.
    """
    territory = Territory(query)
    ids = [period.period_id for period in periods]
    figures = {"office": Figures(query, ids), "open": Figures(disclosed or query, ids)}
    for period in periods:
        subjects = territory.subjects(period, simulated, codes)
        # The last unit of a code has the code as its folder; one that had it earlier in the period, its first day too.
        last = {subject.unit.key.code: subject.unit.key for subject in subjects}
        for subject in subjects:
            key = subject.unit.key
            unit = _file_name(key.code) if last[key.code] == key else f"{_file_name(key.code)}_{key.valid_from}"
            for kind in kinds:
                if subject.unit.level in kind.levels and period.kind in kind.period_kinds:
                    for language in languages:
                        form = kind.fill(subject, figures[kind.audience], language)
                        if form is not None:
                            yield Filed(form, kind.audience, subject, f"{unit}/{_file_name(period.period_id)}")


def write_files(
    filled: Iterable[Filed],
    folders: Mapping[str, Path],
    formats: Sequence[Format],
    face: Face,
    earlier: Mapping[str, Path],
) -> Written:
    """Write the forms in each format into the folder of their audience, and an index into each folder.

    `earlier` has the folders of the revision before, where there is one.
    """
    entries: dict[Path, dict[str, dict[str, Any]]] = {folder: {} for folder in folders.values()}
    known = {audience: _read_index(folder) for audience, folder in earlier.items()}
    # Entries of files that are being drawn.
    waiting: dict[Path, dict[str, Any]] = {}
    linked = drawn = 0

    def jobs() -> Iterator[Job]:
        nonlocal linked
        for one in filled:
            root = folders[one.audience]
            changed: list[tuple[Format, Path]] = []
            for kind in formats:
                name = f"{one.folder}/{one.form.code}.{one.form.language}.{kind}"
                content = content_digest(one.form, kind, face)
                entry = _entry(one, name, content)
                if name in entries[root]:
                    raise FormFailed(f"Two kinds of form want to be {name}; give each a code of its own.")
                entries[root][name] = entry
                (root / one.folder).mkdir(parents=True, exist_ok=True)
                old = known.get(one.audience, {}).get(name)
                if old is not None and old["content"] == content:
                    source = earlier[one.audience] / name
                    if source.is_file() and sha256_of(source) == old["sha256"]:
                        _link(source, root / name)
                        entry["sha256"] = old["sha256"]
                        linked += 1
                        continue
                changed.append((kind, root / name))
                waiting[root / name] = entry
            if changed:
                yield Job(one.form, tuple(changed))

    for path, digest in draw(jobs(), face):
        waiting.pop(path)["sha256"] = digest
        drawn += 1
    for folder, files in entries.items():
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"files": [files[name] for name in sorted(files)]}, ensure_ascii=False, indent=1)
        (folder / INDEX_FILE).write_text(text + "\n", encoding="utf-8")
    return Written(drawn, linked)


def _file_name(text: str) -> str:
    """A code as part of a path: two codes never give the same, and none leads elsewhere."""
    return quote(text, safe="").replace(".", "%2E")


def _entry(one: Filed, name: str, content: str) -> dict[str, Any]:
    subject = one.subject
    return {
        "path": name,
        "form": one.form.code,
        "number": one.form.number,
        "title": one.form.title,
        "unit_code": subject.unit.key.code,
        "unit_valid_from": subject.unit.key.valid_from.isoformat(),
        "unit_name": subject.unit.name,
        "period_id": subject.period.period_id,
        "language": one.form.language,
        "sha256": "",
        "content": content,
    }


def _read_index(folder: Path) -> dict[str, dict[str, Any]]:
    """The entries of an index by path; none where there is none that can be read."""
    try:
        files = json.loads((folder / INDEX_FILE).read_text(encoding="utf-8"))["files"]
        return {file["path"]: {"sha256": file["sha256"], "content": file["content"]} for file in files}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # a file system without hard links gets a copy
        shutil.copyfile(source, target)
