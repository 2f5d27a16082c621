"""dbt's own documentation as one page of the site: models with their SQL, tests and the graph between them.

The page is the one that dbt ships for `dbt docs generate --static`. It is filled from the manifest alone, as dbt would do after
asking the database, for dbt itself would take longer than all else that is published and write times and paths into it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

# What dbt replaces in its page.
_MANIFEST, _CATALOG = '"MANIFEST.JSON INLINE DATA"', '"CATALOG.JSON INLINE DATA"'
# What makes a browser ask for files that are not there, with what does the same without: addresses are taken for true before
# the page's script has filled them, and the icon's was never filled when dbt's page was made.
_MENDED = {
    'xlink:href="{{ getIcon(': 'ng-attr-href="{{ getIcon(',
    "${require('./assets/favicons/favicon.ico')}": "data:,",
}
# Of dbt's metadata what says nothing of the machine, the person and the moment.
_METADATA = ("dbt_schema_version", "dbt_version", "project_name", "adapter_type")
_PARTS = ("nodes", "sources", "exposures", "parent_map", "child_map", "unit_tests")
_WITHOUT = ("created_at", "root_path", "build_path", "compiled_path")


def write_dbt_docs(manifest: Mapping[str, Any], path: Path) -> None:
    """Write the page; the same models and version of dbt give the same bytes."""
    page = files("dbt.task.docs").joinpath("index.html").read_text(encoding="utf-8")
    for asking, silent in _MENDED.items():
        page = page.replace(asking, silent)
    told = _told(manifest)
    for place, content in ((_MANIFEST, told), (_CATALOG, _catalog(told))):
        # Inside a script nothing but its end has a meaning of its own.
        text = json.dumps(content, ensure_ascii=False, sort_keys=True).replace("</", "<\\/")
        page = page.replace(place, text)
    path.write_text(page, encoding="utf-8")


def _told(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """The manifest without what changes from run to run, and without the macros of dbt itself."""
    metadata = {name: manifest.get("metadata", {}).get(name) for name in _METADATA}
    macros = {key: macro for key, macro in manifest.get("macros", {}).items() if not _is_of_dbt(macro)}
    told: dict[str, Any] = {name: manifest.get(name, {}) for name in _PARTS}
    told |= {"macros": macros, "docs": manifest.get("docs", {})}
    told = {
        part: {key: _lasting(one) if isinstance(one, Mapping) else one for key, one in entries.items()}
        for part, entries in told.items()
    }
    empty: dict[str, Any] = {"metrics": {}, "groups": {}, "selectors": {}, "disabled": {}, "group_map": {}}
    empty |= {"saved_queries": {}, "semantic_models": {}}
    return told | empty | {"metadata": metadata | {"send_anonymous_usage_stats": False}}


def _lasting(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in entry.items() if name not in _WITHOUT}


def _is_of_dbt(macro: Mapping[str, Any]) -> bool:
    return str(macro.get("package_name", "")).startswith("dbt")


def _catalog(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Columns and their types as the models declare them, where dbt would ask the database."""
    nodes = {
        key: {
            "unique_id": key,
            "metadata": {
                "type": "table", "schema": node.get("schema"), "name": node.get("name"), "database": node.get("database"),
                "owner": None, "comment": None,
            },
            "columns": {
                name: {"name": name, "index": place, "type": column.get("data_type") or "", "comment": None}
                for place, (name, column) in enumerate(node.get("columns", {}).items(), start=1)
            },
            "stats": {},
        }
        for key, node in manifest["nodes"].items()
        if key.startswith("model.")
    }  # fmt: skip
    return {"metadata": {}, "nodes": nodes, "sources": {}, "errors": None}
