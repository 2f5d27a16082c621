"""Every command explains itself with an example, and wrong usage ends in exit code 2 without a traceback."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from cli_office import Sipas, words

from assets.workspace import Workspace
from pipelines.cli.main import app, main


def commands(command: Any, path: list[str]) -> Iterator[list[str]]:
    """The words of the command itself, of every group, and of every command below."""
    yield path
    for name, below in getattr(command, "commands", {}).items():
        yield from commands(below, [*path, name])


COMMANDS = list(commands(typer.main.get_command(app), []))


def test_groups_and_commands_are_found() -> None:
    assert ["run"] in COMMANDS and ["quarantine"] in COMMANDS and ["quarantine", "export"] in COMMANDS


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(["sipas", *command]))
def test_help_gives_an_example_that_could_be_run(command: list[str], sipas: Sipas) -> None:
    result = sipas(*command, "--help")
    assert result.exit_code == 0
    [example] = re.findall(r"Example: sipas (.*)$", words(result.output))
    assert example.split()[: len(command)] == command
    known: Any = typer.main.get_command(app)
    given = example.split()
    while hasattr(known, "commands"):
        known = known.commands[given.pop(0)]
    options = {option for parameter in known.params for option in parameter.opts}
    assert {word for word in given if word.startswith("-")} <= options


@pytest.mark.parametrize(
    "arguments",
    [["status"], ["quarantine", "list"], ["quarantine", "export", "rows.csv"], ["sources", "check"]],
    ids=lambda arguments: " ".join(arguments),
)
def test_a_folder_without_settings_is_told(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["sipas", *arguments, "--workspace", str(tmp_path)])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 2
    told = capsys.readouterr().out
    assert "sipas init" in told
    assert "Traceback" not in told
    assert not list(tmp_path.iterdir())


def test_a_disk_that_cannot_be_used_ends_with_1(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["sipas", "init", str(tmp_path / "file" / "office"), "--root", "282"])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 1
    assert "The disk or the ledger cannot be used" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments", [["nothing"], ["status", "--period", "2023-13"], ["sources", "check", "none.yml"]]
)
def test_wrong_usage_ends_with_2(
    arguments: list[str], workspace: Workspace, sipas: Sipas, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIPAS_WORKSPACE", str(workspace.root))
    assert sipas(*arguments).exit_code == 2
