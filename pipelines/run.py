"""One run in this process: lock, look for news, execute the Dagster job, report. The command line stands in cli/."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from assets.checkpoint import checkpoint
from assets.delivery.outcome import Outcome
from assets.exchange.take_in import new_packages
from assets.ingest.plan import PlannedInput
from assets.landing.unit_names import unused_aliases
from assets.office import Office
from assets.publish.revision import carried_by_current, current_revision
from assets.reference.periods import month_of
from assets.run_log import RunLog
from assets.workspace import Workspace
from pipelines.resources import made_of, office_at_work, open_warehouse
from pipelines.settings import Settings, SettingsError, load_settings
from quality.contract import Bilingual
from quality.problem import Problem


class Ending(Enum):
    """How a run ended."""

    PUBLISHED = "published"
    NOTHING_NEW = "nothing new"
    FAILED = "failed"


@dataclass
class RunReport:
    """What a run did, for the summary."""

    ending: Ending
    log: RunLog
    problems: list[Problem]
    revision: str | None
    folder: Path | None
    failures: list[str] = field(default_factory=list)


def run(
    workspace: Workspace,
    first_month: str | None,
    last_month: str | None,
    full: bool,
    stage: Callable[[str], None],
    tell: Callable[[str], None],
) -> RunReport:
    """Take in, check, build, audit and publish the reporting months from first to last (all when None).

    `stage` is told each stage as it begins, `tell` finer progress. Raises SettingsError for settings that cannot be used
    and WorkspaceBusy when another run holds the workspace.
    """
    settings = load_settings(workspace)
    first, last = first_month or settings.months.first, last_month or settings.months.last
    if first < settings.months.first or last > settings.months.last or first > last:
        raise SettingsError([_outside(first, last, settings)])
    with office_at_work(workspace, settings, tell) as office:
        checkpoint("run.started")
        office.reads_whole = full
        log = RunLog(stage)
        present = current_revision(workspace)
        # A package of another office can bring reference rows, which change how all others are read.
        news = None if new_packages(office) else office.news(lambda month: first <= month <= last)
        is_known = present is not None and present == made_of(office, settings, carried_by_current(workspace)).revision
        if is_known and not full and news == []:
            folder = workspace.published / "revisions" / str(present)
            log.deliveries += _deliver_again(workspace, settings, folder)
            return RunReport(Ending.NOTHING_NEW, log, office.problems, present, folder)
        if first_month is None and last_month is None and news is not None:
            first, last = _months_of(news, month_of(office.today, settings.cut_off_day), settings)
        failures = _execute(workspace, office, log, first, last)
        office.note(unused_aliases(office))
    if failures:
        return RunReport(Ending.FAILED, log, office.problems, present, None, failures)
    return RunReport(Ending.PUBLISHED, log, office.problems, log.revision, log.folder)


def _deliver_again(workspace: Workspace, settings: Settings, folder: Path) -> list[Outcome]:
    """Try again what an earlier run could not deliver."""
    if not settings.destinations:
        return []
    from assets.delivery.deliver import deliver

    return [deliver(destination, workspace, folder) for destination in settings.destinations]


def _outside(first: str, last: str, settings: Settings) -> Problem:
    known = f"{settings.months.first} … {settings.months.last}"
    text = Bilingual(
        vi=f"Kỳ {first} … {last} nằm ngoài các tháng báo cáo {known} của không gian làm việc",
        en=f"The range {first} … {last} is not within the workspace's reporting months {known}; change one of the two",
    )
    return Problem("settings.months", text, file="sipas.yml", column="months")


def _months_of(news: Sequence[PlannedInput], this_month: str, settings: Settings) -> tuple[str, str]:
    """Return the reporting months that the news belong to; this month for news that names none.

    Dagster records every partition of a run, so a run over all the months there are would spend its time on that.
    """
    periods = [item.period_id for item in news if item.period_id is not None]
    first, last = min(periods, default=this_month), max(periods, default=this_month)
    return (
        min(max(first, settings.months.first), settings.months.last),
        min(max(last, settings.months.first), settings.months.last),
    )


def _execute(workspace: Workspace, office: Office, log: RunLog, first: str, last: str) -> list[str]:
    """Execute the job in process; return why it failed, or nothing."""
    # Dagster and dbt take seconds to import: a run with nothing new does without them.
    import dagster as dg

    from pipelines.definitions import JOB, Overrides, build_defs
    from pipelines.inbox import RANGE_END, RANGE_START
    from pipelines.instance import open_instance

    settings = load_settings(workspace)
    warehouse = open_warehouse(workspace, settings)
    try:
        defs = build_defs(Overrides(workspace, office, warehouse, log))
        with open_instance(workspace) as instance:
            result = defs.resolve_job_def(JOB).execute_in_process(
                instance=instance,
                tags={RANGE_START: first, RANGE_END: last},
                run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
                raise_on_error=False,
            )
        if result.success:
            return []
        return [_reason(event) for event in result.all_events if event.event_type == dg.DagsterEventType.STEP_FAILURE]
    finally:
        warehouse.close()


def _reason(event: object) -> str:
    """Return a step's failure in one line: the message of the error that began it."""
    error = getattr(getattr(event, "event_specific_data", None), "error", None)
    while error is not None and error.cause is not None:
        error = error.cause
    message = error.message.strip() if error is not None else "failed"
    # Dagster's own class for a failure that was foreseen says nothing to who reads it.
    message = message.removeprefix("dagster._core.definitions.events.Failure: ")
    return f"{getattr(event, 'step_key', '')}: {message}"
