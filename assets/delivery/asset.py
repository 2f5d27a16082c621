"""The Dagster asset of delivery: the revision at each destination, with one check per destination that never stops a run."""

# Dagster reads the annotation of `context` itself, so annotations are not postponed here.

from collections.abc import Iterator, Sequence

import dagster as dg

from assets.delivery.deliver import deliver
from assets.delivery.options import Destination
from assets.office import Office
from assets.publish.asset import REVISION
from assets.publish.revision import open_current
from assets.run_log import RunLog

DELIVERY = dg.AssetKey(["published", "delivery"])


def delivery_assets(destinations: Sequence[Destination]) -> list[dg.AssetsDefinition]:
    """Return the asset that delivers each new revision; none where there is no destination."""
    if not destinations:
        return []
    checks = {destination.name: f"delivered_{destination.name.replace('-', '_')}" for destination in destinations}

    @dg.multi_asset(
        name="delivery",
        specs=[dg.AssetSpec(DELIVERY, deps=[REVISION], group_name="publish")],
        check_specs=[dg.AssetCheckSpec(check, asset=DELIVERY) for check in checks.values()],
        required_resource_keys={"office", "run_log"},
    )
    def _delivery(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None]]:
        office: Office = context.resources.office
        log: RunLog = context.resources.run_log
        log.stage("deliver")
        results = []
        for destination in destinations:
            outcome = deliver(destination, office.workspace, open_current(office.workspace))
            log.deliveries.append(outcome)
            results.append(
                dg.AssetCheckResult(
                    asset_key=DELIVERY,
                    check_name=checks[destination.name],
                    passed=outcome.failure is None,
                    severity=dg.AssetCheckSeverity.WARN,
                    metadata={"vi": outcome.message.vi, "en": outcome.message.en},
                )
            )
        yield dg.MaterializeResult(asset_key=DELIVERY, check_results=results)

    return [_delivery]
