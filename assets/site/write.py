"""The static site of a revision: an entry and one folder per unit, each in every language, for `open/site/`.

A unit's folder is whole in itself: pages, style sheet and script, so that it can be copied and sent alone; only its
downloads and the way to other units lead out of it. What a page says is decided in topics/, how it looks in templates/
and static/.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from assets.publish.context import PublishContext, PublishError
from assets.publish.tables import OpenTable
from assets.site.blocks import Page
from assets.site.render import STATIC, environment, render
from assets.site.say import Say
from assets.site.source import OpenMarts, Row
from assets.site.topics import (
    cases,
    complaints,
    downloads,
    improvement,
    methods,
    overview,
    quality,
    ranking,
    satisfaction,
    submissions,
    territory,
)  # fmt: skip
from assets.site.topics.common import Desk
from assets.site.units import LEVELS, Unit, Units
from assets.site.words import WORDS

TOPICS = (
    overview, satisfaction, ranking, cases, complaints, improvement, territory, submissions, quality, downloads, methods,
)  # fmt: skip


def write_site(tables: Sequence[OpenTable], context: PublishContext, revision: str, folder: Path) -> None:
    """Write the site into `folder`, which is made. Every open mart may be missing or empty: its page then says so.

    Forms are linked where `index.json` stands in `forms/` beside `folder`. Raises PublishError for a language the site
    has no words for.
    """
    if not context.languages or (unknown := sorted(set(context.languages) - WORDS.keys())):
        raise PublishError(f"The site has no words for {unknown or 'no language'}. Languages: {', '.join(WORDS)}.")
    marts = OpenMarts(tables)
    desk = Desk(
        marts, Units(marts), context.simulated, context.minimum_n, {name: context.title(name) for name in context.languages},
        revision, context.version, _forms(folder.parent / "forms" / "index.json"),
    )  # fmt: skip
    templates = environment()
    template = templates.get_template("page.html.j2")
    says = [Say(language, marts.periods) for language in context.languages]
    shared = folder / "assets"
    shutil.copytree(STATIC, shared)
    for unit in desk.units.paged:
        _link_static(shared, folder / unit.folder / "assets")
        for say in says:
            _write_unit(desk, unit, say, says, template, folder / unit.folder / say.language)
    entry = templates.get_template("entry.html.j2").render(desk=desk, languages=context.languages, groups=_groups(desk))
    _write(folder / "index.html", entry)


def _write_unit(desk: Desk, unit: Unit, say: Say, says: Sequence[Say], template: Any, folder: Path) -> None:
    folder.mkdir(parents=True)
    pages = [(topic, page) for topic in TOPICS for page in topic.pages(desk, unit, say)]
    firsts: dict[str, Page] = {}
    for _, page in pages:
        firsts.setdefault(page.topic, page)
    if ranking.FILE in {page.file for _, page in pages}:
        firsts["ranking"] = next(page for _, page in pages if page.file == ranking.FILE)
    for _, page in pages:
        frame = {
            "desk": desk,
            "unit": unit,
            "language": say.language,
            "languages": [other.language for other in says],
            "w": say.w,
            "topics": [(topic, first.file) for topic, first in firsts.items()],
        }
        _write(folder / page.file, render(template, page, frame))


def _groups(desk: Desk) -> list[tuple[Unit, list[tuple[str, list[Unit]]]]]:
    """Each root with the units below it that have pages, by level."""
    paged = set(desk.units.paged)
    found = []
    for root in (unit for unit in desk.units.paged if unit.is_root):
        below = [unit for unit in desk.units.below(root) if unit in paged]
        levels = [(level, [unit for unit in below if unit.level == level]) for level in LEVELS]
        found.append((root, [(level, units) for level, units in levels if units]))
    return found


def _forms(index: Path) -> list[Row]:
    try:
        forms: list[Row] = json.loads(index.read_text(encoding="utf-8"))["forms"]
    except FileNotFoundError:
        return []
    return forms


def _link_static(shared: Path, folder: Path) -> None:
    """The same files in every unit's folder, as hard links where the file system has them."""
    folder.mkdir(parents=True)
    for path in sorted(shared.iterdir()):
        with contextlib.suppress(OSError):
            os.link(path, folder / path.name)
            continue
        shutil.copyfile(path, folder / path.name)


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
