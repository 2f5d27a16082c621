"""What becomes of the inputs of a batch: counts, refusals, and the staged files before anything counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from assets.ingest.plan import PlannedInput
from assets.ingest.readers.table import InputRefused
from assets.ingest.spec import SourceSpec
from quality.contract import Bilingual
from quality.problem import Problem


@dataclass
class InputOutcome:
    """What became of one input: counts of its source rows and changed cells, the rules they break, or why it was refused whole."""

    item: PlannedInput
    delivery_seq: int
    unit_code: str | None = None
    rows_read: int = 0
    rows_accepted: int = 0
    rows_quarantined: int = 0
    rows_duplicate: int = 0
    rows_skipped: int = 0
    # Of people who asked to be forgotten: read and not kept.
    rows_forgotten: int = 0
    refusal: Problem | None = None
    warnings: list[Problem] = field(default_factory=list)
    # (rule, column, severity) → rows; and rule → rows that break it in at least one column.
    rules: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    rule_rows: Counter[str] = field(default_factory=Counter)
    # Kind of change → cells that were read as something else than stands in them; the kinds stand in changes.py.
    changes: Counter[str] = field(default_factory=Counter)

    def count_changes(self, changes: Mapping[tuple[str, str], int], headings: Collection[str]) -> None:
        """Add the cells that a reader changed, by heading and kind, in the columns that the spec reads."""
        for (heading, kind), number in changes.items():
            if heading in headings:
                self.changes[kind] += number

    def refuse(self, refusal: InputRefused) -> None:
        """Refuse the input whole: none of its rows counts."""
        self.refusal = Problem(
            refusal.rule,
            Bilingual(vi=refusal.message_vi, en=refusal.message_en),
            file=self.item.path,
            sheet=refusal.sheet or None,
            line=refusal.line,
            column=refusal.column,
        )
        self.rows_read = self.rows_accepted = self.rows_quarantined = self.rows_duplicate = self.rows_skipped = 0
        self.rows_forgotten = 0
        self.rules = Counter({(refusal.rule, refusal.column or "", "reject"): 1})
        self.rule_rows = Counter()
        self.changes = Counter()


@dataclass
class StagedBatch:
    """A batch read, checked and settled, not yet landed. The files lie in `work`; nothing of it counts before the commit."""

    dataset: str
    outcomes: list[InputOutcome]
    landed: dict[str, Path]
    quarantined: Path | None
    accepted_files: list[tuple[SourceSpec, Path]]
    refused_files: list[tuple[SourceSpec, Path]]
