"""Taking in one source of cases as a run does, but for the gate, which judges nothing that matters to its tests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from workspaces import Row, landed, open_office

from assets.ingest.batch import stage
from assets.landing.land import commit_batch, sweep
from assets.ledger import ARRIVAL_STEP, InputRecord
from assets.office import Office
from assets.workspace import Workspace


@dataclass
class Taken:
    """What one reading left: the office, and the ledger's rows of it."""

    office: Office
    records: list[InputRecord]

    @property
    def counts(self) -> tuple[int, int, int, int] | None:
        """Read, accepted, quarantined, duplicate; None when nothing was new."""
        if not self.records:
            return None
        [record] = self.records
        assert record.rows_read == record.rows_accepted + record.rows_quarantined + record.rows_duplicate
        return record.rows_read, record.rows_accepted, record.rows_quarantined, record.rows_duplicate

    @property
    def problems(self) -> list[str]:
        return [problem.rule for problem in self.office.problems if problem.rule != "columns.unknown"]

    @property
    def high(self) -> str | None:
        return list(self.office.ledger.watermarks().values())[-1].high


# The reference tables of a workspace by the files that overlay them: making them takes longer than all that is tested here.
_REFERENCES: dict[bytes, dict[str, Any]] = {}


def _share_references(office: Office) -> None:
    overlays = b"".join(file.read_bytes() for file in sorted(office.workspace.reference.glob("*.csv")))
    names = ("reference", "reference_hash", "_meanings")
    if overlays not in _REFERENCES:
        _REFERENCES[overlays] = {name: getattr(office, name) for name in names}
    office.__dict__ |= _REFERENCES[overlays]


def take(workspace: Workspace, full: bool = False) -> Taken:
    """Take in what is new, after the sweep with which a run begins."""
    office = open_office(workspace)
    office.reads_whole = full
    _share_references(office)
    sweep(workspace, office.ledger)
    new = office.plan_of("case", lambda month: True)
    if new.is_empty:
        return Taken(office, [])
    ledger = office.ledger
    parts = [workspace.root / part.path for part in ledger.parts("case")]
    inactive = ledger.retired_ids() | set(new.retired)
    removed = ledger.removed().select(["record_key", "delivery_seq"])
    first = ledger.next_seq()
    context = office.ingest_context()
    batch = stage("case", new.to_read, first, parts, inactive, removed, 0.5, context, lambda line: None)
    name = new.to_read[0].input_id
    later = first + len(new.to_read) * ARRIVAL_STEP
    return Taken(
        office,
        commit_batch(workspace, ledger, batch, office.contracts, name, office.today, new.copies, new.retired, later),
    )


def current(office: Office) -> dict[str, Row]:
    """The newest version of each record that its source still has."""
    versions: dict[str, Row] = {}
    for row in landed(office, "case"):
        versions[row["record_key"]] = row
    removed = dict(
        zip(*(office.ledger.removed()[name].to_pylist() for name in ("record_key", "delivery_seq")), strict=True)
    )
    kept = [row for key, row in versions.items() if removed.get(key, -1) < row["delivery_seq"]]
    return {row["record_id"]: row for row in kept}
