"""`sipas deliver`: bring a published revision to the places that sipas.yml names."""

from __future__ import annotations

import typer

from assets.publish.revision import MANIFEST_FILE, PublishError, open_current
from assets.workspace import Workspace
from pipelines.cli.progress import show_deliveries
from pipelines.lock import run_lock
from pipelines.settings import load_settings
from quality.problem import did_you_mean


def deliver_revision(workspace: Workspace, to: str | None, revision: str | None, dry_run: bool) -> bool:
    """Deliver, or say what would be sent; return whether all went well.

    Raises SettingsError, WorkspaceBusy, and typer.BadParameter for a destination or revision that there is not.
    """
    from assets.delivery.deliver import deliver

    destinations = load_settings(workspace).destinations
    names = [destination.name for destination in destinations]
    if not names:
        raise typer.BadParameter("sipas.yml names no destinations (chưa khai báo nơi nhận: destinations)")
    if to is not None and to not in names:
        raise typer.BadParameter(f"there is no destination {to!r} (không có nơi nhận này).{did_you_mean(to, names).en}")
    try:
        folder = open_current(workspace) if revision is None else workspace.published / "revisions" / revision
    except PublishError as error:
        raise typer.BadParameter(str(error)) from None
    if folder.name != (revision or folder.name) or not (folder / MANIFEST_FILE).is_file():
        raise typer.BadParameter(f"there is no revision {revision!r} in {folder.parent} (không có bản công bố này)")
    with run_lock(workspace):
        outcomes = [
            deliver(destination, workspace, folder, dry_run)
            for destination in destinations
            if to in (None, destination.name)
        ]
    show_deliveries(outcomes, dry_run)
    return all(outcome.failure is None for outcome in outcomes)
