"""`sipas retention`: take away the personal data that is older than the settings allow."""

from __future__ import annotations

import typer

from assets.workspace import Workspace
from pipelines.cli.tables import say, show_table
from pipelines.settings import load_settings


def keep_retention(workspace: Workspace, dry_run: bool) -> None:
    """Apply ``retention`` of sipas.yml, or count. Raises SettingsError, WorkspaceBusy, typer.BadParameter without the setting."""
    from assets.privacy.retention import retain
    from pipelines.resources import office_at_work

    settings = load_settings(workspace)
    if not settings.retention:
        raise typer.BadParameter(
            "sipas.yml says nothing under retention, such as retention: {complaint: 60} (số tháng được giữ)"
        )
    with office_at_work(workspace, settings, lambda line: None) as office:
        done = retain(office, settings.retention, dry_run=dry_run)
    show_table(
        ["dataset", "before", "files of inbox", "records blanked", "quarantined rows"],
        [(one.dataset, one.before.isoformat(), one.files_removed, one.rows_blanked, one.rows_removed) for one in done],
    )
    say(
        "Nothing was changed (--dry-run)."
        if dry_run
        else "Removed. Figures stay: no column they are made from was touched."
    )
