"""The Dagster code location: assets, one job for the month, a schedule on the cut-off day, sensors on the inbox and on trouble."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import dagster as dg

from assets.delivery.asset import delivery_assets
from assets.estimates.asset import estimate_assets
from assets.ingest.spec import load_specs
from assets.landing.asset import landing_assets, reference_assets, source_specs
from assets.office import Office
from assets.publish.asset import publish_assets
from assets.publish.revision_id import MadeOf
from assets.reference.periods import month_of
from assets.run_log import RunLog
from assets.warehouse.asset import dbt_assets
from assets.warehouse.dbt import manifest
from assets.warehouse.engine import Warehouse
from assets.workspace import Workspace
from pipelines.alerts.sensors import alert_sensors
from pipelines.inbox import inbox_sensor
from pipelines.period_job import period_job
from pipelines.resources import made_of, office_at_work, open_warehouse, publication
from pipelines.settings import Settings, load_settings, months_between
from quality.contract import load_contracts

WORKSPACE_VARIABLE = "SIPAS_WORKSPACE"
JOB = "month"


@dataclass
class Overrides:
    """What a caller that runs in process brings along; without it every run opens the workspace itself."""

    workspace: Workspace
    office: Office
    warehouse: Warehouse
    run_log: RunLog


def build_defs(overrides: Overrides | None = None) -> dg.Definitions:
    """Compose the code location for the workspace of `overrides`, or the one the environment names."""
    named = Workspace(Path(os.environ.get(WORKSPACE_VARIABLE, ".")).resolve())
    workspace = overrides.workspace if overrides is not None else named
    settings = load_settings(workspace)
    contracts = load_contracts()
    specs = load_specs(workspace.sources, contracts, settings.roots).usable
    months = months_between(settings.months.first, settings.months.last)
    partitions = dg.StaticPartitionsDefinition(months)
    by_kind = {kind: [c for c in contracts.values() if c.kind == kind] for kind in ("record", "answer", "reference")}
    compiled = manifest(settings.engine.kind)
    marts = [node["name"] for node in compiled["nodes"].values() if node.get("schema") == "marts"]
    assets: list[dg.AssetsDefinition | dg.AssetSpec] = [
        *source_specs(specs),
        reference_assets(by_kind["reference"], specs),
        *(
            landing_assets(
                record, [answer for answer in by_kind["answer"] if answer.parent == record.dataset], specs, partitions
            )
            for record in by_kind["record"]
        ),
        dbt_assets(compiled, "phase_1"),
        *estimate_assets(),
        dbt_assets(compiled, "phase_2"),
        *publish_assets(marts, compiled, publication(settings), settings.forms),
        *delivery_assets(settings.destinations),
    ]
    job = dg.define_asset_job(
        JOB,
        selection=dg.AssetSelection.all() - dg.AssetSelection.groups("sources"),
        description="Take in, check, build, audit and publish one reporting month or a range of them.",
    )
    return dg.Definitions(
        assets=assets,
        jobs=[job, period_job(workspace)],
        schedules=[_schedule(settings)],
        sensors=[inbox_sensor(workspace, settings, JOB), *alert_sensors(workspace, settings, JOB)],
        resources=_resources(workspace, settings, overrides),
        executor=dg.in_process_executor,
    )


def _resources(workspace: Workspace, settings: Settings, overrides: Overrides | None) -> dict[str, object]:
    def revision(office: Office) -> MadeOf:
        return made_of(office, settings)

    if overrides is not None:
        return {
            "office": dg.ResourceDefinition.hardcoded_resource(overrides.office),
            "warehouse": dg.ResourceDefinition.hardcoded_resource(overrides.warehouse),
            "run_log": dg.ResourceDefinition.hardcoded_resource(overrides.run_log),
            "revision": dg.ResourceDefinition.hardcoded_resource(revision),
            "disclosure": dg.ResourceDefinition.hardcoded_resource(settings.disclosure.rules()),
        }

    @dg.resource
    def office(context: dg.InitResourceContext) -> Iterator[Office]:
        log = context.log
        with office_at_work(workspace, settings, lambda line: log.info(line) if log else None) as opened:
            try:
                yield opened
            finally:
                if log:
                    for problem in opened.problems:
                        log.warning(problem.render())

    @dg.resource(required_resource_keys={"office"})
    def warehouse(context: dg.InitResourceContext) -> Iterator[Warehouse]:
        opened = open_warehouse(workspace, settings)
        try:
            yield opened
        finally:
            opened.close()

    @dg.resource
    def run_log(context: dg.InitResourceContext) -> RunLog:
        log = context.log
        return RunLog(lambda line: log.info(line) if log else None)

    return {
        "office": office,
        "warehouse": warehouse,
        "run_log": run_log,
        "revision": dg.ResourceDefinition.hardcoded_resource(revision),
        "disclosure": dg.ResourceDefinition.hardcoded_resource(settings.disclosure.rules()),
    }


def _schedule(settings: Settings) -> dg.ScheduleDefinition:
    """Early on the day after the cut-off, the month that has just ended is run."""

    @dg.schedule(
        name="after_cut_off",
        job_name=JOB,
        cron_schedule=f"0 5 {settings.cut_off_day + 1} * *",
        execution_timezone=settings.time_zone,
    )
    def after_cut_off(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        day = context.scheduled_execution_time.date()
        month = month_of(day.replace(day=max(settings.cut_off_day, 1)), settings.cut_off_day)
        if settings.cut_off_day == 0:
            year, number = day.year, day.month
            month = f"{year:04d}-{number - 1:02d}" if number > 1 else f"{year - 1:04d}-12"
        return dg.RunRequest(run_key=month, partition_key=month)

    return after_cut_off


@dg.definitions
def defs() -> dg.Definitions:
    """Return the code location that Dagster loads."""
    return build_defs()
