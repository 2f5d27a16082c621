"""`sipas quarantine return` and `replay`: returns written outside a run, and a corrected one put where a run takes it in."""

from __future__ import annotations

import os
import shutil
from itertools import chain, count
from pathlib import Path

import typer

from assets.ingest.answers import find_return_id
from assets.ingest.returned import CODE, INBOX_FOLDER
from assets.returns.send import return_refused
from assets.workspace import Workspace
from pipelines.cli.progress import show_problems
from pipelines.cli.tables import say
from pipelines.resources import office_at_work
from pipelines.settings import load_settings


def write_returns(workspace: Workspace) -> None:
    """Write what is to go back and is not there, of every dataset. Raises SettingsError and WorkspaceBusy."""
    with office_at_work(workspace, load_settings(workspace), lambda line: None) as office:
        written = [
            file
            for name, contract in office.contracts.items()
            if contract.kind == "record"
            for file in return_refused(office, name, write_again=True)
        ]
        show_problems(office.problems)
    for file in written:
        say(f"{file.file}: {file.rows:,} row(s)" if file.rows else f"{file.file}: refused whole")
    say(
        f"{len(written):,} file(s) written to returns/"
        if written
        else "Nothing is to go back that is not there already"
    )


def put_into_inbox(workspace: Workspace, corrected: Path) -> Path:
    """Copy a corrected return into the inbox, whole or not at all, and return where; the same bytes are not put there twice.

    Raises SettingsError, and typer.BadParameter for a file that names no return.
    """
    load_settings(workspace)
    if find_return_id(corrected) is None:
        raise typer.BadParameter(f"{corrected} is no return: neither its name nor a column “{CODE}” names one")
    folder = workspace.root / INBOX_FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    names = chain([corrected.name], (f"{corrected.stem} ({number}){corrected.suffix}" for number in count(2)))
    content = corrected.read_bytes()
    for name in names:
        target = folder / name
        if target.exists() and target.read_bytes() == content:
            return target
        if not target.exists():
            aside = folder / f".{name}"
            shutil.copyfile(corrected, aside)
            aside.chmod(0o600)
            os.replace(aside, target)
            return target
    raise AssertionError("there is always another name")
