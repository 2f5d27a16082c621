"""Every command explains itself with an example, and wrong usage ends in exit code 2 without a traceback."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from cli_office import Sipas, words

from assets.workspace import Workspace
from pipelines.cli.main import main

COMMANDS = [
    ["run"], ["init"], ["status"], ["simulate"], ["doctor"], ["dev"], ["sample-size"], ["sample-draw"],
    ["quarantine", "list"], ["quarantine", "export"], ["sources", "check"],
]  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_gives_an_example(command: list[str], sipas: Sipas) -> None:
    result = sipas(*command, "--help")
    assert result.exit_code == 0
    assert f"Example: sipas {' '.join(command)}" in words(result.output)


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


@pytest.mark.parametrize(
    "arguments", [["nothing"], ["status", "--period", "2023-13"], ["sources", "check", "none.yml"]]
)
def test_wrong_usage_ends_with_2(
    arguments: list[str], workspace: Workspace, sipas: Sipas, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIPAS_WORKSPACE", str(workspace.root))
    assert sipas(*arguments).exit_code == 2
