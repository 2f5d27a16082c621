"""Take in what is new: plan → read and check → gate → land. The gate stands before the commit, so a closed gate lands nothing."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from assets.checkpoint import checkpoint
from assets.ingest.batch import stage
from assets.ingest.outcome import StagedBatch
from assets.ingest.reference_feed import read_reference
from assets.ingest.source_reader import IngestContext
from assets.landing.gate_input import incoming_frame, input_counts
from assets.landing.gates import keep_gate
from assets.landing.land import commit_batch
from assets.landing.reference import commit_reference
from assets.landing.unit_names import unknown_names
from assets.ledger import ARRIVAL_STEP, InputRecord
from assets.office import Office
from quality.gate import judge, summarise
from quality.verdict import GateResult


@dataclass
class TakenIn:
    """What a run took in for one dataset: the readings recorded and the gate's verdict (None when nothing was new)."""

    dataset: str
    records: list[InputRecord] = field(default_factory=list)
    gate: GateResult | None = None

    @property
    def is_open(self) -> bool:
        return self.gate is None or self.gate.passed


def take_in_references(office: Office) -> list[InputRecord]:
    """Land what is new for the reference tables; the tables are made again afterwards."""
    new = office.reference_plan()
    if not new.to_read:
        return []
    work = office.workspace.landing / ".staging" / "reference"
    inputs = read_reference(new.to_read, office.ledger.next_seq(), office.contracts, work)
    for result in inputs:
        office.note(result.outcome.warnings)
        office.note([result.outcome.refusal] if result.outcome.refusal else [])
    name = _batch_id([item.input_id for item in new.to_read])
    records = commit_reference(
        office.workspace, office.ledger, inputs, office.contracts, name, office.today, new.retired, work
    )
    office.read_references_again()
    return records


def take_in(office: Office, dataset: str, months: Callable[[str], bool]) -> TakenIn:
    """Take in what is new for `dataset` in the wanted reporting months."""
    new = office.plan_of(dataset, months)
    if new.is_empty:
        return TakenIn(dataset)
    context = office.ingest_context()
    parts = [office.workspace.root / part.path for part in office.ledger.parts(dataset)]
    inactive = office.ledger.retired_ids() | set(new.retired)
    removed = office.ledger.removed().select(["record_key", "delivery_seq"])
    limit = office.thresholds.quarantine_share
    batch = stage(dataset, new.to_read, office.ledger.next_seq(), parts, inactive, removed, limit, context, office.tell)
    for outcome in batch.outcomes:
        office.note(outcome.warnings)
        office.note([outcome.refusal] if outcome.refusal else [])
    office.note(unknown_names(office, batch))
    verdict = None
    name = _batch_id([item.input_id for item in new.to_read] + [item.input_id for item, _ in new.copies])
    if new.to_read:
        verdict = _judge(office, batch, context, name)
        checkpoint("gate.judged")
        if not verdict.passed:
            return TakenIn(dataset, gate=verdict)
        keep_gate(office.workspace, name, verdict)
    records = commit_batch(
        office.workspace,
        office.ledger,
        batch,
        office.contracts,
        name,
        office.today,
        new.copies,
        new.retired,
        office.ledger.next_seq() + ARRIVAL_STEP * sum(item.replaced_seq is None for item in new.to_read),
    )
    office.ledger.meet_aliases(office.aliases_met)
    return TakenIn(dataset, records, verdict)


def _judge(office: Office, batch: StagedBatch, context: IngestContext, name: str) -> GateResult:
    contract = office.contracts[batch.dataset]
    work = context.work / batch.dataset
    parts = [office.workspace.root / part.path for part in office.ledger.parts(batch.dataset)]
    counts = input_counts(batch, contract, office.ledger.active(), parts, work)
    level_sets = {
        (instrument, item): levels for instrument, items in context.levels.items() for item, levels in items.items()
    }
    rules: Counter[str] = Counter()
    for outcome in batch.outcomes:
        rules.update(outcome.rule_rows)
    frame = incoming_frame(batch, contract, work, office.thresholds.max_rows, office.today)
    return judge(contract, frame, summarise(counts), rules, level_sets, office.thresholds, name)


def _batch_id(input_ids: Iterable[str]) -> str:
    """Return the id of a batch: it follows from the inputs it takes in."""
    return hashlib.sha256("\x1f".join(sorted(input_ids)).encode()).hexdigest()[:16]
