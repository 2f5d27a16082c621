"""The four looks at a workspace, by name; what each finds stands in conditions.py."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from contextlib import closing
from zoneinfo import ZoneInfo

import dagster as dg

from assets.ingest.spec import load_specs
from assets.ledger import InputRecord, Ledger
from assets.workspace import Workspace
from pipelines.alerts.conditions import Alert, failed_checks, high_quarantine, missing_submissions, stale_sources
from pipelines.settings import Settings
from quality.contract import load_contracts

Look = Callable[[dg.DagsterInstance], Iterable[Alert]]


def looks_of(workspace: Workspace, settings: Settings, job: str) -> dict[str, Look]:
    """Return the looks: failed_checks, missing_submissions, stale_sources, high_quarantine."""
    options = settings.alerts

    def today() -> dt.date:
        return dt.datetime.now(ZoneInfo(settings.time_zone)).date()

    def records() -> list[InputRecord]:
        with closing(Ledger.of_folder(workspace.state)) as ledger:
            return ledger.active()

    def stale(_instance: dg.DagsterInstance) -> Iterable[Alert]:
        names = [spec.name for spec in load_specs(workspace.sources, load_contracts(), settings.roots).usable]
        return stale_sources(records(), names, today(), options.stale_after_days)

    return {
        "failed_checks": lambda instance: failed_checks(instance, job),
        "missing_submissions": lambda _: missing_submissions(workspace, today()),
        "stale_sources": stale,
        "high_quarantine": lambda _: high_quarantine(records(), options.quarantine_share, options.quarantine_rows),
    }
