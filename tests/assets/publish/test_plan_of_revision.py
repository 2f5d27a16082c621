"""A revision's name, and what it hides because of the one before: settled once, and found again."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from publish_warehouse import Warehouse

from assets.disclosure.plan import Plan
from assets.disclosure.rules import DisclosureRules
from assets.publish import asset as module
from assets.publish.asset import plan_revision
from assets.publish.context import PublishContext
from assets.publish.revision import MANIFEST_FILE, carried_by_current, open_current, publish
from assets.publish.revision_id import revision_id
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


def _named(inputs: str) -> Callable[[str | None], str]:
    return lambda carried: f"{inputs}-{carried}"


def test_a_plan_is_made_once_per_revision(
    workspace: Workspace, warehouse: Any, manifest: dict[str, Any], context: PublishContext, planned: list[Path | None]
) -> None:
    def run(inputs: str) -> str:
        plan, name = plan_revision(workspace, warehouse, manifest, RULES, _named(inputs))
        publish(workspace, warehouse.query, manifest, context, name, {}, plan=plan)
        assert open_current(workspace).name == name
        return name

    assert run("a") == "a-None" == run("a")
    assert planned == [None], "the same inputs again plan nothing"
    assert "hidden_before" not in json.loads((open_current(workspace) / MANIFEST_FILE).read_text())
    first = open_current(workspace)
    assert run("b") == "b-c0ffee" == run("b") == run("b")
    assert planned == [None, first], "what stands is not planned after itself"
    assert carried_by_current(workspace) == "c0ffee"


def test_a_plan_after_a_kill_is_the_same(
    workspace: Workspace, warehouse: Any, manifest: dict[str, Any], context: PublishContext, planned: list[Path | None]
) -> None:
    """Killed before the pointer moved: the revision before is still the current one."""
    plan, name = plan_revision(workspace, warehouse, manifest, RULES, _named("a"))
    first = publish(workspace, warehouse.query, manifest, context, name, {}, plan=plan)
    names = [plan_revision(workspace, warehouse, manifest, RULES, _named("b"))[1] for _ in range(2)]
    assert names == ["b-c0ffee"] * 2 and planned == [None, first, first]


def test_a_damaged_revision_is_nothing_to_plan_after(
    workspace: Workspace,
    warehouse: Warehouse,
    manifest: dict[str, Any],
    context: PublishContext,
    planned: list[Path | None],
) -> None:
    folder = publish(workspace, warehouse.query, manifest, context, "a-None", {}, plan=Plan(RULES))
    (folder / "open" / "datapackage.json").unlink()
    plan, name = plan_revision(workspace, warehouse, manifest, RULES, _named("a"))  # type: ignore[arg-type]
    assert (plan, name, planned) == (Plan(RULES), "a-None", [None])


def test_the_name_is_as_before_where_nothing_is_carried() -> None:
    plain = revision_id([], [], [], "r", "", [], {}, "v")
    assert plain == revision_id([], [], [], "r", "", [], {}, "v", None) == "50f9a03646780105"
    assert plain != revision_id([], [], [], "r", "", [], {}, "v", "c0ffee")
