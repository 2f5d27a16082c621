"""`sipas run` says at once that it began. What a run does is tested end to end."""

from __future__ import annotations

from typing import Any

import pytest
import typer
from cli_office import Sipas

from assets.workspace import Workspace
from pipelines.cli.progress import console


def test_the_first_line_comes_before_anything_slow(
    workspace: Workspace, sipas: Sipas, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(*arguments: Any) -> None:
        console.print("the run itself")
        raise typer.Exit

    monkeypatch.setattr("pipelines.run.run", slow)
    lines = sipas("run", "-w", workspace.root).output.splitlines()
    assert [line.split() for line in lines] == [["0.0", "s", "start"], ["the", "run", "itself"]]
