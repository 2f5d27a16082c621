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

import jinja2

from assets.publish.context import PublishContext, PublishError
from assets.publish.tables import OpenTable
from assets.site.render import STATIC, environment
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

    What stands beside `folder` by then can be downloaded from its pages: the open marts and, where they are, data packages,
    what changed, the dictionary (in `folder` itself) and the forms that `forms/index.json` lists.
    Raises PublishError for a language the site has no words for.
    """
    if not context.languages or (unknown := sorted(set(context.languages) - WORDS.keys())):
        raise PublishError(f"The site has no words for {unknown or 'no language'}. Languages: {', '.join(WORDS)}.")
    desk = read_desk(tables, context, revision, folder.parent)
    templates = environment()
    template = templates.get_template("page.html.j2")
    shared = folder / "assets"
    shutil.copytree(STATIC, shared)
    for unit in desk.units.paged:
        _link_static(shared, folder / unit.folder / "assets")
        for language in desk.titles:
            write_unit(desk, unit, language, template, folder / unit.folder / language)
    entry = templates.get_template("entry.html.j2").render(desk=desk, languages=list(desk.titles), groups=_groups(desk))
    _write(folder / "index.html", entry)


def read_desk(tables: Sequence[OpenTable], context: PublishContext, revision: str, beside: Path) -> Desk:
    """Read the open marts, and in `beside` the index of the forms where it stands: what every page is then written from."""
    marts = OpenMarts(tables)
    titles = {language: context.title(language) for language in context.languages}
    return Desk(
        marts,
        Units(marts),
        context.simulated,
        context.minimum_n,
        titles,
        revision,
        context.version,
        beside,
        _forms(beside / "forms" / "index.json"),
    )


def write_unit(desk: Desk, unit: Unit, language: str, template: jinja2.Template, folder: Path) -> None:
    """Write the pages of one unit in one language into `folder`, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    say = Say(language, desk.marts.periods)
    pages = [page for topic in TOPICS for page in topic.pages(desk, unit, say)]
    files = {page.topic: page.file for page in reversed(pages)}
    files |= {"ranking": ranking.FILE} if "ranking" in files else {}
    topics = [(topic, files[topic]) for topic in dict.fromkeys(page.topic for page in pages)]
    for page in pages:
        text = template.render(
            page=page, desk=desk, unit=unit, language=language, languages=list(desk.titles), w=say.w, topics=topics
        )
        _write(folder / page.file, text)


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
        forms: list[Row] = json.loads(index.read_text(encoding="utf-8"))["files"]
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
