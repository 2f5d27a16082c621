"""Dagster assets of publishing: the audit as blocking checks, then the revision and its pointer."""

# Dagster reads the annotation of `context` itself, so annotations are not postponed here.

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import dagster as dg

from assets.disclosure.plan import Plan, make_plan
from assets.disclosure.rules import DisclosureRules
from assets.exchange.write import write_exchange
from assets.forms.open_marts import open_marts
from assets.forms.options import FormOptions
from assets.forms.write import write_forms
from assets.landing.asset import check_result
from assets.landing.gates import gate_as_json, kept_gates
from assets.office import Office
from assets.periods.figures import hold_accepted
from assets.publish.contents import Contents
from assets.publish.context import PublishContext, PublishError
from assets.publish.marts import MartReader, marts_of
from assets.publish.revision import carried_by_current, is_whole, open_current, publish
from assets.publish.revision_id import MadeOf
from assets.run_log import RunLog
from assets.unforeseen import values_kept_out
from assets.warehouse.engine import Warehouse
from assets.workspace import Workspace
from quality.audit import CHECK_NAMES, audit
from quality.data_docs import render_index

AUDITED_AS = "marts"
AUDITED = ("sipas_index", "case_settlement", "complaint_handling", "data_quality")
AUDIT = dg.AssetKey(["published", "audit"])
REVISION = dg.AssetKey(["published", "revision"])


def publish_assets(
    marts: Sequence[str], manifest: Mapping[str, Any], publication: PublishContext, forms: FormOptions
) -> list[dg.AssetsDefinition]:
    """Return the audit of the marts and the published revision that stands only behind a passed audit."""

    @dg.multi_asset(
        name="audit",
        specs=[dg.AssetSpec(AUDIT, deps=[dg.AssetKey(["marts", name]) for name in marts], group_name="publish")],
        check_specs=[dg.AssetCheckSpec(f"audit_{_plain(name)}", asset=AUDIT, blocking=True) for name in CHECK_NAMES],
        required_resource_keys={"office", "run_log", "warehouse"},
    )
    def _audit(context: dg.AssetExecutionContext) -> Iterator[Any]:
        log: RunLog = context.resources.run_log
        warehouse: Warehouse = context.resources.warehouse
        log.stage("audit")
        frames = {name: warehouse.query(f"SELECT * FROM marts.{name}").to_pandas() for name in AUDITED}
        verdict = audit(frames)
        log.add_gate(verdict)
        checks = {check.name: check for check in verdict.checks}
        yield dg.MaterializeResult(
            asset_key=AUDIT,
            check_results=[check_result(AUDIT, f"audit_{_plain(name)}", checks[name]) for name in CHECK_NAMES],
        )

    @dg.asset(
        key=REVISION,
        deps=[AUDIT],
        group_name="publish",
        required_resource_keys={"office", "run_log", "warehouse", "revision", "disclosure"},
    )
    def _revision(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        """The revision tree and the pointer to it."""
        office: Office = context.resources.office
        log: RunLog = context.resources.run_log
        warehouse: Warehouse = context.resources.warehouse
        log.stage("publish")
        plan, made = _plan(
            office.workspace, warehouse, manifest, context.resources.disclosure, context.resources.revision(office)
        )
        if plan is not None and plan.short:
            office.tell(
                f"open tables: {plan.short} hidden count(s) have fewer than {plan.rules.possible_values} possible values"
            )
        name = made.revision
        reader = MartReader(warehouse.query, warehouse.stream)
        hold_accepted(office.workspace, office.ledger, marts_of(manifest), reader, name)
        audits = [gate for gate in log.gates if gate.dataset == AUDITED_AS]
        gates = [*kept_gates(office.workspace, office.ledger), *audits]
        files = {f"data_docs/{gate.dataset}.html": gate.html for gate in gates}
        files |= {f"checks/{gate.dataset}.json": gate_as_json(gate) for gate in gates}
        files["data_docs/index.html"] = render_index(f"{publication.title_vi} · {publication.title_en}", gates)

        def write_all_forms(root: Path, previous: Path | None) -> None:
            log.stage("forms")
            disclosed = open_marts(root)
            written = write_forms(warehouse.query, root, forms, publication.simulated, previous, disclosed=disclosed)
            office.tell(f"forms: {written.drawn} file(s) written, {written.linked} unchanged")

        with values_kept_out():
            contents = Contents(
                warehouse.query,
                manifest,
                publication,
                files,
                query_batches=warehouse.stream,
                write_exchange=lambda target: write_exchange(office, warehouse, publication, name, target / "exchange"),
                write_forms=write_all_forms,
                provenance=made.provenance,
                plan=plan,
            )
            folder = publish(office.workspace, name, contents)
        log.revision, log.folder = name, folder
        counts = warehouse.query("SELECT CAST(sum(rows_superseded) AS BIGINT) AS n FROM marts.data_quality")
        log.rows_superseded = counts["n"][0].as_py() or 0
        return dg.MaterializeResult(metadata={"revision": name, "path": str(folder)})

    return [_audit, _revision]


def _plan(
    workspace: Workspace,
    warehouse: Warehouse,
    manifest: Mapping[str, Any],
    rules: DisclosureRules,
    made: MadeOf,
) -> tuple[Plan | None, MadeOf]:
    """What the open tables hide, and what the revision is made of with that. A revision that stands is not planned again: what
    came before it is no longer current, and would plan it otherwise."""
    current = _standing(workspace)
    present = replace(made, carried=carried_by_current(workspace))
    if current is not None and current.name == present.revision:
        return None, present
    plan = make_plan(warehouse.query, [mart.name for mart in marts_of(manifest)], rules, current)
    return plan, replace(made, carried=plan.carried)


def _standing(workspace: Workspace) -> Path | None:
    """The folder of the current revision where it is there whole."""
    try:
        folder = open_current(workspace)
    except PublishError:  # nothing published yet, or not there any more
        return None
    return folder if is_whole(folder) else None


def _plain(name: str) -> str:
    return name.replace(".", "_")
