"""A revision's name, and what it hides because of the one before: settled once, and found again."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from publish_warehouse import Warehouse

from assets.disclosure.plan import Plan
from assets.disclosure.rules import DisclosureRules
from assets.publish import asset as module
from assets.publish.asset import _plan
from assets.publish.contents import Contents
from assets.publish.context import PublishContext
from assets.publish.revision import MANIFEST_FILE, carried_by_current, open_current, publish
from assets.publish.revision_id import MadeOf
from assets.workspace import Workspace

RULES = DisclosureRules()


@pytest.fixture
def planned(monkeypatch: pytest.MonkeyPatch) -> list[Path | None]:
    """The revisions that plans were made after; every plan but the first is another one because of the one before."""
    befores: list[Path | None] = []

    def make_plan(query: object, tables: object, rules: DisclosureRules, previous: Path | None) -> Plan:
        befores.append(previous)
        return Plan(rules, carried=None if previous is None else "c0ffee")

    monkeypatch.setattr(module, "make_plan", make_plan)
    return befores


def _made_of(inputs: str) -> MadeOf:
    return MadeOf([], [], [], inputs, {}, "", [], {}, "v")


def test_a_plan_is_made_once_per_revision(
    workspace: Workspace, warehouse: Any, manifest: dict[str, Any], context: PublishContext, planned: list[Path | None]
) -> None:
    def run(inputs: str) -> str:
        plan, made = _plan(workspace, warehouse, manifest, RULES, _made_of(inputs))
        publish(workspace, made.revision, Contents(warehouse.query, manifest, context, {}, plan=plan))
        assert open_current(workspace).name == made.revision
        return made.revision

    assert run("a") == _made_of("a").revision == run("a")
    assert planned == [None], "the same inputs again plan nothing"
    assert "hidden_before" not in json.loads((open_current(workspace) / MANIFEST_FILE).read_text())
    first = open_current(workspace)
    assert run("b") == replace(_made_of("b"), carried="c0ffee").revision == run("b") == run("b")
    assert planned == [None, first], "what stands is not planned after itself"
    assert carried_by_current(workspace) == "c0ffee"


def test_a_plan_after_a_kill_is_the_same(
    workspace: Workspace, warehouse: Any, manifest: dict[str, Any], context: PublishContext, planned: list[Path | None]
) -> None:
    """Killed before the pointer moved: the revision before is still the current one."""
    plan, made = _plan(workspace, warehouse, manifest, RULES, _made_of("a"))
    first = publish(workspace, made.revision, Contents(warehouse.query, manifest, context, {}, plan=plan))
    carried = [_plan(workspace, warehouse, manifest, RULES, _made_of("b"))[1].carried for _ in range(2)]
    assert carried == ["c0ffee"] * 2 and planned == [None, first, first]


def test_a_damaged_revision_is_nothing_to_plan_after(
    workspace: Workspace,
    warehouse: Warehouse,
    manifest: dict[str, Any],
    context: PublishContext,
    planned: list[Path | None],
) -> None:
    made = _made_of("a")
    folder = publish(workspace, made.revision, Contents(warehouse.query, manifest, context, {}, plan=Plan(RULES)))
    (folder / "open" / "datapackage.json").unlink()
    assert _plan(workspace, warehouse, manifest, RULES, made) == (Plan(RULES), made)  # type: ignore[arg-type]
    assert planned == [None]


def test_the_name_is_as_before_where_nothing_is_carried() -> None:
    plain = MadeOf([], [], [], "r", {}, "", [], {}, "v")
    assert plain.revision == "50f9a03646780105", "as before there was anything to carry"
    assert replace(plain, carried="c0ffee").revision != plain.revision
