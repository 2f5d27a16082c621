"""Dagster assets of the private zone: one per source, one per reference table, one per landed dataset."""

# Dagster reads the annotation of `context` itself, so annotations are not postponed here.

from collections.abc import Iterator, Sequence
from typing import Any

import dagster as dg

from assets.exchange.take_in import take_in_packages
from assets.ingest.spec import SourceSpec
from assets.landing.take_in import take_in, take_in_references
from assets.office import Office
from assets.returns.send import return_refused
from assets.run_log import RunLog
from assets.unforeseen import values_kept_out
from quality.contract import Contract
from quality.gate import CHECK_NAMES, CRITICAL_CHECKS
from quality.verdict import GateCheck

LANDING = "landing"


def source_specs(specs: Sequence[SourceSpec]) -> list[dg.AssetSpec]:
    """Return one external asset per source: where the lineage begins."""
    return [
        dg.AssetSpec(
            ["source", spec.name],
            group_name="sources",
            description=f"{spec.title.vi} · {spec.title.en}. One row is {spec.row}.",
            kinds={spec.reader.kind},
        )
        for spec in specs
    ]


def _sources(dataset: str, specs: Sequence[SourceSpec]) -> list[dg.AssetKey]:
    return [dg.AssetKey(["source", spec.name]) for spec in specs if dataset in spec.datasets]


def reference_assets(contracts: Sequence[Contract], specs: Sequence[SourceSpec]) -> dg.AssetsDefinition:
    """Return the reference tables: shipped, fed by sources, overlaid by the workspace."""
    names = [contract.dataset for contract in contracts]

    @dg.multi_asset(
        name="reference_tables",
        specs=[
            dg.AssetSpec(
                [LANDING, contract.dataset],
                deps=_sources(contract.dataset, specs),
                group_name="reference",
                description=f"{contract.title.vi} · {contract.title.en}: {contract.grain}.",
            )
            for contract in contracts
        ],
        required_resource_keys={"office", "run_log"},
    )
    def _reference_tables(context: dg.AssetExecutionContext) -> Iterator[Any]:
        office: Office = context.resources.office
        log: RunLog = context.resources.run_log
        log.stage("reference")
        with values_kept_out():
            log.add_records(take_in_references(office))
            log.add_records(take_in_packages(office))
        for name in names:
            rows = office.reference[name].num_rows
            yield dg.MaterializeResult(asset_key=[LANDING, name], metadata={"dagster/row_count": rows})

    return _reference_tables


def landing_assets(
    record: Contract, answers: Sequence[Contract], specs: Sequence[SourceSpec], partitions: dg.PartitionsDefinition[str]
) -> dg.AssetsDefinition:
    """Return the landed records of one dataset, with their answers if it has any, and the gate as blocking checks.

    Partitions are reporting months; a range of them is taken in as one batch.
    """
    key = dg.AssetKey([LANDING, record.dataset])
    contracts = [record, *answers]

    @dg.multi_asset(
        name=f"landing_{record.dataset}",
        specs=[
            dg.AssetSpec(
                [LANDING, contract.dataset],
                deps=[*_sources(contract.dataset, specs), dg.AssetKey([LANDING, "admin_unit"])],
                group_name="landing",
                description=f"{contract.title.vi} · {contract.title.en}: {contract.grain}.",
            )
            for contract in contracts
        ],
        check_specs=[
            dg.AssetCheckSpec(
                f"gate_{name}",
                asset=key,
                blocking=name in CRITICAL_CHECKS,
                description="Great Expectations over the batch" + (", blocking" if name in CRITICAL_CHECKS else ""),
            )
            for name in CHECK_NAMES
        ],
        partitions_def=partitions,
        backfill_policy=dg.BackfillPolicy.single_run(),
        required_resource_keys={"office", "run_log"},
    )
    def _landing(context: dg.AssetExecutionContext) -> Iterator[Any]:
        office: Office = context.resources.office
        log: RunLog = context.resources.run_log
        log.stage("ingest")
        months = set(context.partition_keys)
        with values_kept_out():
            taken = take_in(office, record.dataset, months.__contains__)
        log.add_records(taken.records)
        log.returned += [file.file for file in return_refused(office, record.dataset)]
        if taken.gate is not None:
            log.add_gate(taken.gate)
        checks = {check.name: check for check in taken.gate.checks} if taken.gate is not None else {}
        metadata = {
            "inputs": len(taken.records),
            "rows_read": sum(found.rows_read for found in taken.records),
            "rows_accepted": sum(found.rows_accepted for found in taken.records),
            "rows_quarantined": sum(found.rows_quarantined for found in taken.records),
            "rows_duplicate": sum(found.rows_duplicate for found in taken.records),
            "rows_forgotten": sum(found.rows_forgotten for found in taken.records),
        }
        for contract in contracts:
            yield dg.MaterializeResult(
                asset_key=[LANDING, contract.dataset],
                metadata=metadata,
                check_results=[check_result(key, f"gate_{name}", checks.get(name)) for name in CHECK_NAMES]
                if contract is record
                else [],
            )

    return _landing


def check_result(key: dg.AssetKey, name: str, check: GateCheck | None) -> dg.AssetCheckResult:
    """Return Dagster's result of one check; without a batch there is nothing to fail."""
    if check is None:
        return dg.AssetCheckResult(asset_key=key, check_name=name, passed=True, description="nothing new to judge")
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=name,
        passed=check.passed,
        severity=dg.AssetCheckSeverity.ERROR if check.critical else dg.AssetCheckSeverity.WARN,
        description=check.message_en,
        metadata={"observed": str(check.observed), "expected": check.expected},
    )
