"""What was decided about the sample's periods. Figures are locked as of early deliveries, so that much waits for them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

STEPS = {name: datetime(2025, 3, day, 2) for day, name in ((3, "submitted_at"), (4, "approved_at"), (5, "locked_at"))}
# Unit, period, status, last delivery that held figures are made of, times revised, times reopened.
DECIDED = [
    ("10441", "2025-01", "locked", 8, 0, 0),
    ("01", "2025-H1", "locked", 1, 2, 1),
    ("B2", "2025-01", "locked", None, 1, 0),
    ("282", "2025-02", "approved", None, 0, 0),
    ("B1", "2025-02", "submitted", None, 0, 1),
    ("B1", "2025-Q1", "open", None, 0, 1),
]


def period_states() -> list[dict[str, Any]]:
    rows = []
    for unit, period, status, last_seq, n_revised, n_reopened in DECIDED:
        n_steps = ("open", "submitted", "approved", "locked").index(status)
        row: dict[str, Any] = {"unit_code": unit, "period_id": period, "status": status, "n_revised": n_revised}
        row |= dict(list(STEPS.items())[:n_steps])
        row |= {"n_reopened": n_reopened, "is_held": int(last_seq is not None), "last_seq": last_seq}
        row["locked_revision"] = "0123456789abcdef" if status == "locked" else None
        row["accepted_at"] = datetime(2025, 4, 1, 2) if n_revised else None
        rows.append(row)
    return rows
