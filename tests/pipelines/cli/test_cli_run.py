"""`sipas run` says at once that it began. What a run does is tested end to end."""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from cli_office import Sipas, change_settings, words
from rich.console import Console

from assets.workspace import Workspace
from pipelines.cli import progress
from pipelines.cli.main import main
from pipelines.cli.progress import console
from pipelines.lock import run_lock

Refused = Callable[..., str]


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Refused:
    """Run the whole command, which has to end with 2; return what it printed."""

    def run(*arguments: object) -> str:
        monkeypatch.setattr(sys, "argv", ["sipas", *map(str, arguments)])
        with pytest.raises(SystemExit) as ending:
            main()
        assert ending.value.code == 2
        printed = capsys.readouterr()
        return " ".join((printed.out + printed.err).split())

    return run


def test_the_first_line_comes_before_anything_slow(
    workspace: Workspace, sipas: Sipas, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(*arguments: Any) -> None:
        console.print("the run itself")
        raise typer.Exit

    monkeypatch.setattr("pipelines.run.run", slow)
    lines = sipas("run", "-w", workspace.root).output.splitlines()
    assert [line.split() for line in lines] == [["0.0", "s", "start"], ["the", "run", "itself"]]


def test_a_second_run_waits_for_nobody_and_writes_nothing(workspace: Workspace, refused: Refused) -> None:
    with run_lock(workspace):
        output = refused("run", "-w", workspace.root)
        assert "Another run is working" in output and "Một lần chạy khác" in output
        assert sorted(path.name for path in workspace.state.iterdir()) == ["run.lock"]
        assert not workspace.warehouse.exists() and not workspace.published.exists()


@pytest.mark.parametrize("is_terminal", [True, False])
def test_progress_moves_on_a_terminal_and_is_plain_lines_in_a_log(
    monkeypatch: pytest.MonkeyPatch, is_terminal: bool
) -> None:
    screen = io.StringIO()
    monkeypatch.setattr(progress, "console", Console(file=screen, force_terminal=is_terminal))
    monkeypatch.setattr(sys.stdout, "isatty", lambda: is_terminal, raising=False)
    with progress.Progress() as shown:
        shown.stage("ingest")
        shown.detail("file 1 of 2")
        time.sleep(0.2)
    text = screen.getvalue()
    assert ("file 1 of 2" in text) == is_terminal
    assert ("\x1b" in text) == is_terminal
    assert next(line.split() for line in text.splitlines() if "ingest" in line)[-3:] == ["0.0", "s", "ingest"]


@pytest.mark.parametrize(
    "asked",
    [("--period", "2040-01"), ("--to", "2009-01"), ("--from", "2036-01"), ("--from", "2009-12", "--to", "2023-01")],
)
def test_months_that_the_workspace_does_not_have_are_a_wrong_usage(
    workspace: Workspace, refused: Refused, asked: tuple[str, ...]
) -> None:
    output = refused("run", "-w", workspace.root, *asked)
    assert "settings.months" in output
    assert "2010-01 … 2035-12" in output


def test_first_month_after_the_last_is_a_wrong_setting(workspace: Workspace, refused: Refused) -> None:
    change_settings(workspace, 'first: "2010-01", last: "2035-12"', "first: 2024-01, last: 2023-01")
    assert "first is after last" in refused("run", "-w", workspace.root)


@pytest.mark.parametrize(
    "url",
    ["postgresql://clerk:pa55-word@127.0.0.1:1/office", "postgresql://clerk:pa55-word@:x/office", "pa55-word"],
)
def test_a_database_that_cannot_be_reached_is_named_by_its_variable_alone(
    workspace: Workspace, refused: Refused, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    change_settings(workspace, "engine: {kind: duckdb}", "engine: {kind: postgres, url_env: SIPAS_TEST_URL}")
    monkeypatch.setenv("SIPAS_TEST_URL", url)
    output = refused("run", "-w", workspace.root)
    assert "settings.engine" in output
    assert "SIPAS_TEST_URL" in output
    written = [path for path in workspace.root.rglob("*") if path.is_file() and b"pa55-word" in path.read_bytes()]
    assert "pa55-word" not in output
    assert written == []


@pytest.mark.parametrize("place", [None, "no-such-folder"])
def test_an_outside_folder_that_is_not_there_stops_the_run(
    workspace: Workspace, refused: Refused, monkeypatch: pytest.MonkeyPatch, place: str | None
) -> None:
    """Read as an empty folder it would retire all that was taken in from it."""
    change_settings(workspace, "# folders: {data: {env: SIPAS_DATA}}", "folders: {data: {env: SIPAS_DATA}} #")
    monkeypatch.delenv("SIPAS_DATA", raising=False)
    if place is not None:
        monkeypatch.setenv("SIPAS_DATA", place)
    output = refused("run", "-w", workspace.root)
    assert "settings.folder" in output
    assert "SIPAS_DATA" in output


@pytest.mark.parametrize("command", ["run", "status", "doctor"])
def test_a_file_is_not_a_workspace(tmp_path: Path, sipas: Sipas, command: str) -> None:
    file = tmp_path / "sipas.yml"
    file.write_text("name: a", encoding="utf-8")
    done = sipas(command, "-w", file)
    assert done.exit_code == 2
    assert "is a file" in words(done.output)
