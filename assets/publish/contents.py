"""What a revision is filled with, and the order in which its parts are written: later ones link or read earlier ones.

Staging, renaming and the pointer stand in revision.py.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import duckdb

from assets.disclosure.plan import Plan
from assets.disclosure.rules import DisclosureRules
from assets.publish.analyst import write_database, write_facts
from assets.publish.changes import compare_revisions
from assets.publish.changes_sheet import MOST_LINES, NOTHING, Changes, write_changes
from assets.publish.context import PublishContext, PublishError
from assets.publish.datapackage import write_datapackage
from assets.publish.dbt_docs import write_dbt_docs
from assets.publish.dictionary_page import write_dictionary
from assets.publish.districts import write_districts
from assets.publish.marts import Mart, MartReader, Query, QueryBatches, marts_of
from assets.publish.tables import OpenTable, write_open_mart
from assets.publish.workbook import write_workbook
from assets.site.write import write_site

PROVENANCE_FILE = "provenance.json"


@dataclass(frozen=True)
class Contents:
    """The sources of a revision's files.

    `query` and, for large marts, `query_batches` answer SELECTs on the warehouse; `manifest` is dbt's; `quality_files`
    maps paths under `quality/` to contents. `write_exchange` fills `office/`; `write_forms`, which is given the folder of
    the revision before where there is one, writes the official forms. `provenance` has the digests of what the marts are
    made of (MadeOf), `plan` what the open tables hide; without one, small rows alone are hidden.
    """

    query: Query
    manifest: Mapping[str, Any]
    context: PublishContext
    quality_files: Mapping[str, bytes]
    query_batches: QueryBatches | None = None
    write_exchange: Callable[[Path], None] | None = None
    write_forms: Callable[[Path, Path | None], None] | None = None
    provenance: Mapping[str, object] = field(default_factory=dict)
    plan: Plan | None = None

    def write(self, root: Path, revision: str, base: Path | None, previous: Path | None) -> None:
        """Fill the empty folder `root`. `base` is the revision that changes are told against, `previous` the current one.

        Raises PublishError for a mart that may not be published and for unsafe names.
        """
        tables = self._write_marts(root, revision, base)
        self._write_quality(root / "quality")
        if self.write_exchange is not None:
            self.write_exchange(root / "office")
        if self.write_forms is not None:
            self.write_forms(root, previous)
        # The site comes last: its pages link what stands beside it by then.
        site = root / "open" / "site"
        write_dictionary(self.manifest, self.context, site / "dictionary")
        write_dbt_docs(self.manifest, site / "dictionary" / "dbt.html")
        write_site(tables, self.context, revision, site)

    def _write_marts(self, root: Path, revision: str, base: Path | None) -> list[OpenTable]:
        context = self.context
        marts, reader = marts_of(self.manifest), MartReader(self.query, self.query_batches)
        plan = self.plan or Plan(DisclosureRules(context.minimum_n))
        self._write_provenance(root / PROVENANCE_FILE, marts)
        open_folder, analyst_folder, marts_folder = root / "open", root / "analyst", root / "open" / "marts"
        for folder in (marts_folder, analyst_folder / "facts"):
            folder.mkdir(parents=True)
        write_database(marts, reader, analyst_folder / "sipas.duckdb")
        write_facts(marts, reader, analyst_folder / "facts")
        tables = [write_open_mart(mart, reader, marts_folder, plan) for mart in marts if mart.audience == "open"]
        workbook = open_folder / "marts.xlsx"
        write_workbook(tables, context, revision, workbook)
        changes = _changes(base, root)
        write_changes(changes, tables, context, revision, open_folder)
        districts = write_districts(tables, changes, context, revision, open_folder / "districts")
        parts = {district.code: district.name for district in districts}
        write_datapackage(tables, workbook, context, revision, open_folder / "datapackage.json", parts=parts)
        return tables

    def _write_quality(self, folder: Path) -> None:
        for name, content in self.quality_files.items():
            path = PurePosixPath(name)
            if path.is_absolute() or ".." in path.parts or not path.parts:
                raise PublishError(f"Quality file {name!r} would stand outside quality/. Give a relative path.")
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)

    def _write_provenance(self, path: Path, marts: Sequence[Mart]) -> None:
        """What two revisions are compared by: digests of what they are made of, and the grain of each mart."""
        described = {mart.name: {"audience": mart.audience, "grain": list(mart.grain)} for mart in marts}
        text = json.dumps({**self.provenance, "marts": described}, ensure_ascii=False, indent=1) + "\n"
        path.write_text(text, encoding="utf-8")


def _changes(base: Path | None, root: Path) -> Changes:
    """What changed in the open figures; a base that cannot be read, such as one damaged since, is no obstacle."""
    if base is None:
        return NOTHING
    try:
        lines = compare_revisions(base, root, "open", most=MOST_LINES + 1)
    except (PublishError, duckdb.Error, OSError, ValueError):
        return NOTHING
    return Changes(base.name, lines.slice(0, MOST_LINES), lines.num_rows > MOST_LINES)
