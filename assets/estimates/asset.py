"""The Dagster assets between the two dbt phases, one per table of estimates. What is estimated stands in the modules."""

# Dagster reads the annotation of `context` itself, so annotations are not postponed here.

import dagster as dg

from assets.checkpoint import checkpoint
from assets.estimates.tables import ESTIMATES, SCHEMA, EstimateTable
from assets.office import Office
from assets.run_log import RunLog
from assets.unforeseen import values_kept_out
from assets.warehouse.engine import Warehouse


def estimate_assets() -> list[dg.AssetsDefinition]:
    """Return one asset per table of estimates, which waits for what the table is made from."""
    return [_asset(table) for table in ESTIMATES]


def _asset(table: EstimateTable) -> dg.AssetsDefinition:
    @dg.asset(
        key=[SCHEMA, table.name],
        deps=[dg.AssetKey(list(key)) for key in table.reads],
        group_name="estimates",
        description=table.description,
        required_resource_keys={"office", "run_log", "warehouse"},
    )
    def _estimate(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        office: Office = context.resources.office
        log: RunLog = context.resources.run_log
        warehouse: Warehouse = context.resources.warehouse
        log.stage("estimates")
        with values_kept_out():
            rows = table.write(warehouse, office.estimates)
        checkpoint("estimates.written")
        return dg.MaterializeResult(metadata={"dagster/row_count": rows})

    return _estimate
