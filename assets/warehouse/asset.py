"""Dagster assets of the warehouse: one per dbt model of a phase, with its tests as checks, built in this process."""

# Dagster reads the annotation of `context` itself, so annotations are not postponed here.

from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg
import pyarrow as pa

from assets.checkpoint import checkpoint
from assets.exchange.landed import ledger_tables
from assets.landing.corrections import apply_corrections
from assets.landing.corrections_file import FILE, CorrectionsRefused
from assets.landing.versions import files_of_now
from assets.office import Office
from assets.periods.figures import held_tables, inputs_at_lock, must_have
from assets.periods.state import period_state_table, period_states
from assets.reference.periods import reporting_months
from assets.reference.territory import units_now
from assets.reference.working_days import working_day_test, working_days
from assets.run_log import RunLog
from assets.unforeseen import values_kept_out
from assets.warehouse.dbt import NodeResult, Phase, build, manifest
from assets.warehouse.engine import Landed, Warehouse
from assets.warehouse.period_range import event_days
from quality.contract import case_number_schema, warehouse_schema


def dbt_assets(manifest: Mapping[str, Any], phase: Phase) -> dg.AssetsDefinition:
    """Return the models of one phase. dagster-dbt reads the manifest; the build runs in process, for a second dbt
    process would import and parse all of it again."""
    from dagster_dbt import DagsterDbtTranslator
    from dagster_dbt import dbt_assets as define

    class Translator(DagsterDbtTranslator):
        def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
            schema = dbt_resource_props["schema"]
            return dg.AssetKey([schema, dbt_resource_props["name"]])

        def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
            return str(dbt_resource_props["schema"])

    translator = Translator()

    @define(
        manifest=manifest,
        select=f"tag:{phase}",
        name=f"dbt_{phase}",
        dagster_dbt_translator=translator,
        required_resource_keys={"office", "run_log", "warehouse"},
    )
    def _dbt(context: dg.AssetExecutionContext) -> Iterator[Any]:
        office: Office = context.resources.office
        log: RunLog = context.resources.run_log
        warehouse: Warehouse = context.resources.warehouse
        log.stage("build" if phase == "phase_1" else "marts")
        if phase == "phase_1":
            with values_kept_out():
                _correct(office, log)
                warehouse.start_afresh()
                load_landing(office, warehouse)
        results = build(warehouse, phase, lambda node: office.tell(f"dbt {phase}: {node.name}"))
        checkpoint(f"dbt.{phase}")
        bad = [node for node in results if not node.is_good]
        log.nodes_good += len(results) - len(bad)
        log.nodes_bad += [f"{node.name}: {node.status} {node.message}" for node in bad]
        keys = {key.path[-1]: key for key in context.selected_asset_keys}
        checks = {check.name: check for check in context.selected_asset_check_keys}
        for node in results:
            if node.name in keys and node.resource_type in ("model", "seed") and node.is_good:
                yield dg.MaterializeResult(asset_key=keys[node.name], metadata={"seconds": node.seconds})
        for node in results:
            if node.name in checks:
                yield _check(checks[node.name], node)
        if bad:
            listed = "; ".join(f"{node.name}: {node.message or node.status}" for node in bad[:10])
            raise dg.Failure(
                f"dbt {phase}: {len(bad)} node(s) failed, nothing is published: {listed}", allow_retries=False
            )

    return _dbt


def _correct(office: Office, log: RunLog) -> None:
    """Land what reference/corrections.yml states; a correction that does not fit what was sent stops the run."""
    try:
        log.add_records(apply_corrections(office))
    except CorrectionsRefused as refused:
        office.note(refused.problems)
        told = f"{FILE}: {len(refused.problems)} correction(s) cannot be applied, nothing is published; see the lines above"
        raise dg.Failure(told, allow_retries=False) from None


def _check(key: dg.AssetCheckKey, node: NodeResult) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        asset_key=key.asset_key,
        check_name=key.name,
        passed=node.status == "pass",
        severity=dg.AssetCheckSeverity.WARN if node.status == "warn" else dg.AssetCheckSeverity.ERROR,
        metadata={"failures": node.failures},
    )


def load_landing(office: Office, warehouse: Warehouse) -> None:
    """Show the warehouse everything it is built from: landed rows, the ledger, locked figures, reference tables, months,
    working days and roots. Raises FiguresTooOld.
    """
    schemas: dict[str, pa.Schema] = {}
    tables: dict[str, Landed] = {}
    for name, contract in office.contracts.items():
        schemas[name] = warehouse_schema(contract)
        if contract.kind == "reference":
            tables[name] = office.reference[name]
        else:
            tables[name] = files_of_now(office.workspace.root, office.parts_of(name), contract, warehouse.folder)
    # The same files once more: case numbers stand apart from what the marts are made of.
    tables["case_number"], schemas["case_number"] = tables["case"], case_number_schema(office.contracts["case"])
    ledger = ledger_tables(office.workspace.root, office.ledger)
    states = list(period_states(office.ledger.period_changes()).values())
    figures = held_tables(office.workspace, office.ledger, states)
    must_have(figures, manifest(warehouse.kind))
    first, last = event_days(office.contracts, tables, office.ledger.retired_ids(), office.today)
    is_working = working_day_test(office.reference["calendar_day"])
    more: dict[str, pa.Table] = {
        **ledger,
        **figures,
        "period_state": period_state_table(states),
        "input_at_lock": inputs_at_lock(office.workspace, office.ledger, states, ledger["input"]),
        "office_root": pa.table({"office_code": pa.array(office.roots, pa.string())}),
        "unit_now": units_now(office.reference["admin_unit"], office.reference["admin_unit_change"], office.roots),
        "reporting_month": reporting_months(first, last, office.cut_off_day, office.working_days, is_working),
        "working_day": working_days(first, last, is_working),
    }
    warehouse.load(tables | more, schemas | {name: table.schema for name, table in more.items()})
