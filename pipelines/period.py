"""A decision about a reporting period, taken while nobody else writes the workspace. What it presupposes stands in assets/periods."""

from __future__ import annotations

import datetime as dt
from contextlib import closing

from assets.ledger import Ledger, PeriodAction, PeriodChange
from assets.periods.decide import decide
from assets.workspace import Workspace
from pipelines.lock import run_lock
from pipelines.settings import load_settings


def decide_period(
    workspace: Workspace,
    action: PeriodAction,
    unit: str,
    period: str,
    with_below: bool,
    by: str,
    reason: str | None,
) -> list[PeriodChange]:
    """Take and record a decision; raises SettingsError, WorkspaceBusy, PublishError and NotDecided."""
    load_settings(workspace)
    now = dt.datetime.now(dt.UTC).replace(tzinfo=None, microsecond=0)
    with run_lock(workspace), closing(Ledger.of_folder(workspace.state)) as ledger:
        return decide(workspace, ledger, action, unit, period, with_below, by, reason, now)
