"""The Dagster job `period`: the decisions of `sipas period` for those who work on Dagster's page."""

# Dagster reads the annotation of `context` itself, so annotations are not postponed here.

from typing import get_args

import dagster as dg

from assets.ledger import PeriodAction
from assets.periods.decide import NotDecided
from assets.publish.context import PublishError
from assets.workspace import Workspace
from pipelines.lock import WorkspaceBusy
from pipelines.period import decide_period

JOB = "period"


def period_job(workspace: Workspace) -> dg.JobDefinition:
    """Return the job; its one op takes the decision, or fails with the reason why it cannot be taken."""

    @dg.op(
        name="decide",
        description="Submit, approve, lock, accept or reopen the reporting period of a unit.",
        config_schema={
            "action": dg.Field(dg.Enum("PeriodAction", [dg.EnumValue(name) for name in get_args(PeriodAction)])),
            "unit": dg.Field(str, description="Code of the unit"),
            "period": dg.Field(str, description="2023-06, 2023-Q2, 2023-H1, 2023-9M or 2023"),
            "by": dg.Field(str, description="Role or office that decides, not the name of a person"),
            "reason": dg.Field(str, default_value="", description="Why; needed to accept and to reopen"),
            "with_below": dg.Field(bool, default_value=False, description="Also the units below it"),
        },
    )
    def _decide(context: dg.OpExecutionContext) -> None:
        asked = context.op_config
        if not asked["by"].strip():
            raise dg.Failure("Say who decides: a role or an office", allow_retries=False)
        try:
            changes = decide_period(
                workspace,
                asked["action"],
                asked["unit"],
                asked["period"],
                asked["with_below"] and asked["action"] != "reopen",
                asked["by"].strip(),
                asked["reason"] or None,
            )
        except (NotDecided, PublishError, WorkspaceBusy) as refused:
            raise dg.Failure(str(refused), allow_retries=False) from None
        context.log.info(f"{len(changes)} decision(s) recorded: {asked['action']}")
        context.add_output_metadata({"units": ", ".join(change.unit_code for change in changes)})

    @dg.job(name=JOB, description="Decide about the reporting period of a unit.", executor_def=dg.in_process_executor)
    def period() -> None:
        _decide()

    return period
