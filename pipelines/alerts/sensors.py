"""Dagster sensors that tell of trouble: one per kind. Each tells every target once, and again when a target was not reached."""

from __future__ import annotations

import json
from collections.abc import Sequence

import dagster as dg

from assets.workspace import Workspace
from pipelines.alerts.conditions import Alert
from pipelines.alerts.looks import Look, looks_of
from pipelines.alerts.targets import NotSent, Target, targets_of
from pipelines.settings import Settings

INTERVAL_SECONDS = 300


def alert_sensors(workspace: Workspace, settings: Settings, job: str) -> list[dg.SensorDefinition]:
    """Return the sensors on failed checks, missing submissions, stale sources and much in quarantine."""
    looks = looks_of(workspace, settings, job)
    return [_sensor(f"alert_{name}", look, settings) for name, look in looks.items()]


def _sensor(name: str, look: Look, settings: Settings) -> dg.SensorDefinition:
    targets = targets_of(settings.alerts)
    title = settings.title.vi if settings.languages[0] == "vi" else settings.title.en

    @dg.sensor(name=name, minimum_interval_seconds=INTERVAL_SECONDS)
    def alert(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        if not targets:
            return dg.SkipReason("Nobody to tell: set alerts.email or alerts.webhooks in sipas.yml.")
        told, failures, sent = tell(
            list(look(context.instance)), targets, _read(context.cursor), title, settings.languages
        )
        context.update_cursor(json.dumps(told, sort_keys=True))
        for failure in failures:
            context.log.error(f"Not sent, tried again at the next look: {failure}")
        return dg.SkipReason(f"{sent} new alert(s) sent; {len(failures)} target(s) not reached.")

    return alert


def tell(
    alerts: Sequence[Alert],
    targets: Sequence[Target],
    told: dict[str, list[str]],
    title: str,
    languages: Sequence[str],
) -> tuple[dict[str, list[str]], list[str], int]:
    """Send each target what it has not been told; return what each knows now, why some were not reached, and alerts sent.

    What has ended is forgotten, so that it is told when it comes again.
    """
    lasting = {alert.key for alert in alerts}
    known: dict[str, list[str]] = {}
    failures: list[str] = []
    sent = 0
    for target in targets:
        before = lasting & set(told.get(target.name, []))
        new = [alert for alert in alerts if alert.key not in before]
        if new:
            try:
                target.send(title, new, languages)
            except NotSent as reason:
                failures.append(str(reason))
            else:
                before |= {alert.key for alert in new}
                sent += len(new)
        known[target.name] = sorted(before)
    return known, failures, sent


def _read(cursor: str | None) -> dict[str, list[str]]:
    known: dict[str, list[str]] = json.loads(cursor) if cursor else {}
    return known
