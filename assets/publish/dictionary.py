"""What the dbt manifest says of the marts: types, tests and lineage beside the labels. Pages made of it stand elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assets.publish.marts import MART_SCHEMA, Mart, marts_of
from quality.contract import Bilingual


@dataclass(frozen=True)
class Entry:
    """One mart. `types` and `required` by column; `tests` in words; what it is made from, by name of model and of source
    table, nearest first; the marts and the exposures (pages, forms) that are made from it, at whatever remove."""

    mart: Mart
    types: Mapping[str, str]
    required: frozenset[str]
    tests: tuple[Bilingual, ...]
    made_from: tuple[str, ...]
    sources: tuple[str, ...]
    used_by: tuple[str, ...]
    shown_in: tuple[Bilingual, ...]


def dictionary_of(manifest: Mapping[str, Any]) -> tuple[Entry, ...]:
    """Return an entry per mart of a dbt manifest, by name."""
    nodes: Mapping[str, Any] = manifest["nodes"]
    ids = {_name(node): key for key, node in nodes.items() if node.get("schema") == MART_SCHEMA and _is_model(key)}
    return tuple(_entry(mart, ids[mart.name], manifest) for mart in marts_of(manifest))


def _entry(mart: Mart, key: str, manifest: Mapping[str, Any]) -> Entry:
    nodes: Mapping[str, Any] = manifest["nodes"]
    columns = nodes[key].get("columns", {})
    parents, children = manifest.get("parent_map", {}), manifest.get("child_map", {})
    above, below = _reach(key, parents), _reach(key, children)
    exposures = manifest.get("exposures", {})
    tests = (_in_words(nodes[test]) for test in sorted(nodes) if nodes[test].get("attached_node") == key)
    return Entry(
        mart=mart,
        types={name: str(column["data_type"]) for name, column in columns.items() if column.get("data_type")},
        required=frozenset(name for name, column in columns.items() if _is_required(column)),
        tests=tuple(dict.fromkeys(test for test in tests if test is not None)),
        made_from=tuple(_name(nodes[parent]) for parent in sorted(parents.get(key, ())) if parent in nodes),
        sources=tuple(sorted(_source(manifest["sources"][one]) for one in above if one in manifest.get("sources", {}))),
        used_by=tuple(sorted(_name(nodes[one]) for one in below if _is_model(one) and _is_mart(nodes[one]))),
        shown_in=tuple(_label(exposures[one]) for one in sorted(below) if one in exposures),
    )


def _reach(key: str, edges: Mapping[str, Sequence[str]]) -> set[str]:
    found: set[str] = set()
    waiting = [key]
    while waiting:
        for one in edges.get(waiting.pop(), ()):
            if one not in found:
                found.add(one)
                waiting.append(one)
    return found


def _in_words(test: Mapping[str, Any]) -> Bilingual | None:
    """A test as a sentence; None for one that cannot be told without its SQL."""
    about = test.get("test_metadata") or {}
    kind, given = about.get("name"), about.get("kwargs") or {}

    def listed(name: str) -> str:
        value = given.get(name) or []
        return ", ".join([value] if isinstance(value, str) else value)

    other = str(given.get("to") or given.get("other") or "").removeprefix("ref('").removesuffix("')")
    match kind:
        case "unique_grain":
            return Bilingual(vi=f"mỗi dòng một tổ hợp {listed('columns')}", en=f"one row per {listed('columns')}")
        case "refers_to":
            return Bilingual(
                vi=f"mọi {listed('columns')} đều có trong {other}", en=f"every {listed('columns')} stands in {other}"
            )
        case "every_row":
            said = str(given.get("condition", "")).strip()
            return Bilingual(vi=f"mọi dòng: {said}", en=f"every row: {said}")
        case "same_sums":
            return Bilingual(vi=f"tổng bằng tổng của {other}", en=f"sums equal those of {other}")
        case "same_row_count":
            return Bilingual(vi=f"số dòng bằng của {other}", en=f"as many rows as {other}")
        case "stock_carries_over":
            return Bilingual(vi="tồn đầu kỳ bằng tồn cuối kỳ trước", en="opens with what the period before left open")
        case "shares_add_up":
            return Bilingual(vi=f"tổng {listed('share')} là 100", en=f"{listed('share')} adds up to 100")
        case "no_overlap":
            return Bilingual(
                vi=f"các khoảng của một {listed('key')} không chồng nhau",
                en=f"spans of one {listed('key')} do not overlap",
            )
    return None


def _is_required(column: Mapping[str, Any]) -> bool:
    return any(constraint.get("type") == "not_null" for constraint in column.get("constraints") or ())


def _is_model(key: str) -> bool:
    return key.startswith("model.")


def _is_mart(node: Mapping[str, Any]) -> bool:
    return bool(node.get("schema") == MART_SCHEMA)


def _name(node: Mapping[str, Any]) -> str:
    return str(node.get("alias") or node["name"])


def _source(node: Mapping[str, Any]) -> str:
    return f"{node['source_name']}.{node['name']}"


def _label(exposure: Mapping[str, Any]) -> Bilingual:
    meta = exposure["config"]["meta"]
    return Bilingual(vi=meta["label_vi"], en=meta["label_en"])
