"""sipas.yml: what is refused, with the line and key, in both languages."""

from __future__ import annotations

from pathlib import Path

import pytest
from workspaces import make_workspace

from assets.workspace import Workspace
from pipelines.settings import SettingsError, load_settings
from quality.problem import Problem


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return make_workspace(tmp_path / "office")


def refused(workspace: Workspace, more: str) -> list[Problem]:
    """The problems of the settings with lines added at their end."""
    with workspace.settings_file.open("a", encoding="utf-8") as file:
        file.write(more)
    with pytest.raises(SettingsError) as caught:
        load_settings(workspace)
    return caught.value.problems


def test_repeated_keys_are_refused_with_both_lines(workspace: Workspace) -> None:
    lines = workspace.settings_file.read_text(encoding="utf-8").splitlines()
    name = next(number for number, line in enumerate(lines, 1) if line.startswith("name:"))
    found = refused(workspace, "name: khac\ngate:\n  drift: 0.2\n  drift: 0.3\n")
    last = len(lines)
    assert [(p.rule, p.file, p.line, p.column) for p in found] == [
        ("settings.repeated_key", "sipas.yml", last + 1, "name"),
        ("settings.repeated_key", "sipas.yml", last + 4, "gate.drift"),
    ]
    assert f"line {name} already" in found[0].message.en


@pytest.mark.parametrize("text", ["gate: {drift: 2023-13-45}\n", "gate: [\n", "gate: {drift: !unknown 1}\n"])
def test_what_is_no_yaml_is_told_and_raises_nothing_else(workspace: Workspace, text: str) -> None:
    assert [problem.rule for problem in refused(workspace, text)] == ["settings.yaml"]
