"""The Dagster asset between the two dbt phases: intervals made from the sums of phase 1."""

# Dagster reads the annotation of `context` itself, so annotations are not postponed here.

import dagster as dg

from assets.checkpoint import checkpoint
from assets.estimates.sipas_index import write_estimates
from assets.run_log import RunLog
from assets.warehouse.engine import Warehouse


@dg.asset(
    key=["estimates", "est_sipas_index"],
    deps=[dg.AssetKey(["intermediate", "int_survey_node_sums"])],
    group_name="estimates",
    required_resource_keys={"run_log", "warehouse"},
)
def est_sipas_index(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
    """One row per unit, period, instrument and node: estimate, standard error and interval."""
    log: RunLog = context.resources.run_log
    warehouse: Warehouse = context.resources.warehouse
    log.stage("estimates")
    rows = write_estimates(warehouse)
    checkpoint("estimates.written")
    return dg.MaterializeResult(metadata={"dagster/row_count": rows})
