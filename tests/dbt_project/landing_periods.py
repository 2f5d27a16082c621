"""What was decided about the sample's periods. Figures are locked as of early deliveries, so that much waits for them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

Row = dict[str, Any]

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
        row |= {"n_reopened": n_reopened, "is_held": int(last_seq is not None)}
        row["figures_id"] = f"held-{last_seq}" if last_seq is not None else None
        row["locked_revision"] = "0123456789abcdef" if status == "locked" else None
        row["accepted_at"] = datetime(2025, 4, 1, 2) if n_revised else None
        rows.append(row)
    return rows


def inputs_at_lock(inputs: list[Row]) -> list[Row]:
    """What the held figures are made of: the landed deliveries that had come by then, and the readings of READ_BEFORE."""
    names = ("input_id", "source", "delivery_kind", "scope_id", "delivery_seq")
    rows = [
        {name: one[name] for name in names} | {"figures_id": f"held-{last_seq}", "standing_id": one["input_id"]}
        for *_, last_seq, _, _ in DECIDED
        for one in inputs
        if last_seq is not None and one["delivery_seq"] <= last_seq and one["status"] == "landed"
    ]
    return rows + [one | {"figures_id": "held-1"} for one in READ_BEFORE]


# Readings that the office's figures were made of and that were retired since: the file of in-5 as it was read then, and the
# corrections as they were landed then.
READ_BEFORE: list[Row] = [
    {"input_id": "in-5-first", "source": "book", "delivery_kind": "snapshot", "scope_id": "s1", "delivery_seq": 402,
     "standing_id": "in-5"},
    {"input_id": "in-cor-first", "source": "reference/corrections", "delivery_kind": "correction", "scope_id": None,
     "delivery_seq": 403, "standing_id": None},
]  # fmt: skip
# Of the complaints of in-5 in the half-year, in their order: what became of them since.
SAME, READ_OTHERWISE, CORRECTED_AS_THEN, CORRECTED_NOW = range(4)
# Read then and refused now; brought by an answer to the refused rows of the file.
REFUSED_NOW, ANSWERED = "complaint-refused-now", "complaint-answered"


def complaints_of_half_year(rows: list[Row]) -> list[Row]:
    """The complaints of in-5 that count in the office's locked half-year."""
    return [row for row in rows if row["input_id"] == "in-5" and row["received_on"] <= date(2025, 6, 14)]


def add_what_was_read_before(complaints: list[Row], inputs: list[Row]) -> None:
    """Add the retired readings, an answer to the file of in-5, and the corrections that stand now."""
    [file] = [one for one in inputs if one["input_id"] == "in-5"]
    for name, seq, more in (
        ("in-answer", 400, {"delivery_kind": "answer", "path": "inbox/returns/answer.csv"}),
        ("in-cor", 401, {"delivery_kind": "correction", "source": "reference/corrections", "scope_id": None,
                         "path": "reference/corrections.yml"}),
    ):  # fmt: skip
        inputs.append(file | {"input_id": name, "delivery_seq": seq} | more)
    chosen = complaints_of_half_year(complaints)[:4]
    then = [row | {"topic": "đã đổi" if place == READ_OTHERWISE else row["topic"]} for place, row in enumerate(chosen)]
    then.append(chosen[SAME] | {"record_key": REFUSED_NOW})
    corrected = {"class": "conduct", "topic": "corrected"}
    for input_id, seq, rows in (
        ("in-5-first", 402, then),
        ("in-cor-first", 403, [chosen[CORRECTED_AS_THEN] | corrected]),
        ("in-answer", 400, [chosen[SAME] | {"record_key": ANSWERED}]),
        ("in-cor", 401, [chosen[CORRECTED_AS_THEN] | corrected, chosen[CORRECTED_NOW] | corrected]),
    ):
        complaints += [row | {"input_id": input_id, "delivery_seq": seq} for row in rows]
