"""What a run did, for its summary and for the quality folder of its revision. No personal data enters."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from assets.delivery.outcome import Outcome
from assets.ledger import InputRecord
from quality.verdict import GateCheck, GateResult


@dataclass
class RunLog:
    """Counts and checks of one run; `tell` shows a stage as it begins."""

    tell: Callable[[str], None]
    stages: list[str] = field(default_factory=list)
    records: list[InputRecord] = field(default_factory=list)
    gates: list[GateResult] = field(default_factory=list)
    returned: list[str] = field(default_factory=list)
    rows_superseded: int = 0
    nodes_good: int = 0
    nodes_bad: list[str] = field(default_factory=list)
    revision: str | None = None
    folder: Path | None = None
    deliveries: list[Outcome] = field(default_factory=list)

    def stage(self, name: str) -> None:
        """Note that a stage begins; told once however many assets belong to it."""
        if name not in self.stages:
            self.stages.append(name)
            self.tell(name)

    def add_records(self, records: Iterable[InputRecord]) -> None:
        self.records += records

    def add_gate(self, gate: GateResult) -> None:
        self.gates.append(gate)

    @property
    def checks(self) -> list[tuple[str, GateCheck]]:
        """Every gate and audit check of the run, with its dataset."""
        return [(gate.dataset, check) for gate in self.gates for check in gate.checks]

    def total(self, count: str) -> int:
        """Return the sum of one of the rows_* counts over the inputs of this run."""
        return sum(getattr(record, count) for record in self.records)
