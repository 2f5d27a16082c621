"""What `sipas sql`, `sipas explain` and `sipas diff` share: the revision they look into, and a mistake told in one line."""

from __future__ import annotations

import json
from pathlib import Path

import typer

from assets.lookup.database import QueryRefused
from assets.lookup.subject import NotFound
from assets.publish.revision import PublishError, open_revision
from assets.workspace import Workspace
from pipelines.cli.tables import say

WRONG = 2
MISTAKES = (PublishError, QueryRefused, NotFound)


def revision_of(workspace: Workspace, name: str | None) -> Path:
    """The folder of the named revision, or of the current one. Ends with exit code 2 where there is none."""
    try:
        return open_revision(workspace, name)
    except PublishError as error:
        raise refuse(error) from None


def refuse(error: Exception | str) -> typer.Exit:
    """Say what is wrong and return the end of the command."""
    say(str(error), "red")
    return typer.Exit(WRONG)


def software_of(revision: Path) -> str:
    """The version of the software that published a revision."""
    return str(json.loads((revision / "revision.json").read_text(encoding="utf-8"))["version"])
