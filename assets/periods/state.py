"""How far each unit's reporting period is: the last decision counts, and every one stays in the ledger."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa

from assets.ledger import PeriodChange, PeriodStatus

# In the order in which a period goes through them.
STATUSES: tuple[PeriodStatus, ...] = ("open", "submitted", "approved", "locked")

PERIOD_STATE_SCHEMA = pa.schema(
    [
        ("unit_code", pa.string()),
        ("period_id", pa.string()),
        ("status", pa.string()),
        ("submitted_at", pa.timestamp("us")),
        ("approved_at", pa.timestamp("us")),
        ("locked_at", pa.timestamp("us")),
        ("locked_revision", pa.string()),
        ("accepted_at", pa.timestamp("us")),
        ("n_revised", pa.int64()),
        ("n_reopened", pa.int64()),
        ("is_held", pa.int64()),
        ("figures_id", pa.string()),
    ]
)


@dataclass
class PeriodState:
    """Where the period of a unit stands. `locked_revision` is the one whose figures were locked first since it was open;
    `held` the decision whose figures stand, None until a run has made those of what was accepted."""

    unit_code: str
    period_id: str
    status: PeriodStatus = "open"
    submitted_at: dt.datetime | None = None
    approved_at: dt.datetime | None = None
    locked_at: dt.datetime | None = None
    locked_revision: str | None = None
    accepted_at: dt.datetime | None = None
    n_revised: int = 0
    n_reopened: int = 0
    held: PeriodChange | None = None
    waiting: PeriodChange | None = None

    def take(self, change: PeriodChange) -> None:
        """Go on by one decision."""
        self.status = change.status
        if change.action == "submit":
            self.submitted_at = change.decided_at
        elif change.action == "approve":
            self.approved_at = change.decided_at
        elif change.action == "reopen":
            self.submitted_at = self.approved_at = self.locked_at = self.accepted_at = None
            self.locked_revision = self.held = self.waiting = None
            self.n_reopened += 1
        else:
            if change.action == "lock":
                self.locked_at, self.locked_revision = change.decided_at, change.revision
            else:
                self.accepted_at = change.decided_at
                self.n_revised += 1
            has_figures = change.figures is not None
            self.held, self.waiting = (change, None) if has_figures else (None, change)


def figures_id(folder: str | None) -> str | None:
    """Return the name under which the warehouse knows held figures: that of their folder."""
    return folder.rpartition("/")[2] if folder is not None else None


def period_states(changes: Iterable[PeriodChange]) -> dict[tuple[str, str], PeriodState]:
    """Return (unit, period) → its state, of those about which something was decided."""
    states: dict[tuple[str, str], PeriodState] = {}
    for change in changes:
        key = (change.unit_code, change.period_id)
        states.setdefault(key, PeriodState(*key)).take(change)
    return states


def period_state_table(states: Iterable[PeriodState]) -> pa.Table:
    """Return the states as the warehouse reads them, one row per unit and period."""
    rows = [
        {
            **{name: getattr(state, name, None) for name in PERIOD_STATE_SCHEMA.names},
            "is_held": int(state.held is not None),
            "figures_id": figures_id(state.held.figures) if state.held is not None else None,
        }
        for state in states
    ]
    return pa.Table.from_pylist(rows, schema=PERIOD_STATE_SCHEMA)
