"""What the sample lands of how cases and complaints were handled, and its activities; drawn apart from the other rows."""

from __future__ import annotations

import random
from datetime import date, datetime, time, timedelta
from typing import Any

import pyarrow as pa

from assets.reference.working_days import working_day_test, working_days
from quality.contract import landing_schema, load_contracts

Row = dict[str, Any]

# An office that works on one Sunday and not on one Monday.
STATED_DAYS = [
    {"day_on": date(2025, 3, 9), "is_working": "yes", "reason": "Làm bù"},
    {"day_on": date(2025, 3, 10), "is_working": "no", "reason": "Hoán đổi"},
]
TERM_KINDS = {"P1": "working", "P2": "calendar"}
TARGETS = [
    ("dialogue", "commune", 2, "quarter"),
    ("inspection", "commune", None, "month"),
    ("publicity", "commune", 1, "day"),
    ("training", "district", 1, "month"),
]
LIMITS = [("complete", 5), ("process", 15), ("publish", 2), ("refuse", 2)]
KINDS = ("dialogue", "inspection", "publicity", "training", "procedure_posting")


def working_day_table() -> pa.Table:
    """The calendar over the sample's reporting months and what lies around them."""
    stated = pa.Table.from_pylist(STATED_DAYS, landing_schema(load_contracts()["calendar_day"]))
    return working_days(date(2024, 1, 1), date(2026, 12, 31), working_day_test(stated))


def reference_rows() -> dict[str, list[Row]]:
    return {
        "calendar_day": list(STATED_DAYS),
        "activity_target": [
            {"kind": kind, "unit_level": level, "minimum_per_year": minimum, "held_within": within, "basis": None}
            for kind, level, minimum, within in TARGETS
        ],
        "complaint_limit": [{"step": step, "working_days": days, "basis": None} for step, days in LIMITS],
    }


def handling_inputs(template: Row) -> list[Row]:
    """The deliveries of steps (the second replaces some of the first) and of activities."""
    return [
        template
        | {"input_id": f"in-{seq}", "source": source, "path": f"inbox/{source}/{seq}.csv", "delivery_kind": "upsert"}
        | {"delivery_seq": seq, "datasets": dataset, "scope_id": None, "unit_code": None, "period_id": None}
        for seq, source, dataset in (
            (20, "steps", "case_step"),
            (21, "steps", "case_step"),
            (22, "plans", "activity"),
        )
    ]


def add_handling(tables: dict[str, list[Row]], lineage: Any, seed: int = 10) -> None:
    """Fill the later columns of cases and complaints and add their steps and the activities."""
    rng = random.Random(seed)
    for row in tables["procedure"]:
        row["term_kind"] = TERM_KINDS.get(row["code"])
    newest = {row["record_key"]: row for row in tables["case"]}
    for row in tables["case"]:
        _moved_due_date(rng, row)
    tables["case_step"] = []
    for place, case in enumerate(newest.values()):
        for step in _steps(rng, case):
            number = len(tables["case_step"])
            origin = (case["office_code"], case["deadline_precision"])
            tables["case_step"].append(lineage("case_step", number, 20, "steps", *origin) | step)
            if place % 5 == 0:
                tables["case_step"].append(lineage("case_step", number, 21, "steps", *origin) | _later(rng, step))
    for row in tables["complaint"]:
        _complaint(rng, row)
    tables["activity"] = [
        lineage("activity", number, 22, "plans", "B" if number % 2 else "01", "date") | _activity(rng, number)
        for number in range(90)
    ]
    # A quarter that is not over when the data end, and a plan for months of which nothing is known yet.
    ahead: Row = {"unit_code": "B1", "kind": "dialogue", "held_on": None, "participants": None}
    for number, planned_on in enumerate((date(2026, 1, 5), date(2026, 11, 3)), start=90):
        row = lineage("activity", number, 22, "plans", "B", "date") | ahead | {"planned_on": planned_on}
        tables["activity"].append(row)


def _moment(rng: random.Random, row: Row, name: str, day: date | None) -> None:
    row[f"{name}_on"] = day
    row[f"{name}_at"] = None if day is None else datetime.combine(day, time(rng.choice([0, 3, 9]), rng.choice([0, 30])))


def _moved_due_date(rng: random.Random, row: Row) -> None:
    row |= {"due_original_at": None, "due_original_on": None, "apologised_on": None}
    due = row["due_on"]
    if due is not None and rng.random() < 0.3:
        _moment(rng, row, "due_original", due - timedelta(days=rng.choice([-4, 1, 7, 15])))
    elif due is None and rng.random() < 0.1:
        _moment(rng, row, "due_original", row["received_on"] + timedelta(days=rng.randrange(40)))
    first = row["due_original_on"] or due
    if first is not None and rng.random() < 0.35:
        row["apologised_on"] = first + timedelta(days=rng.randrange(-5, 45))
    if row["supplement_requested_on"] is None and rng.random() < 0.1:
        _moment(rng, row, "supplement_requested", row["received_on"] + timedelta(days=rng.randrange(10)))


def _steps(rng: random.Random, case: Row) -> list[Row]:
    steps = []
    for kind in rng.choice(
        [[], [], ["agency"], ["supplement"], ["supplement"] * 2, ["supplement"] * 3, ["new_due_date"]]
    ):
        row: Row = {"unit_code": case["unit_code"], "case_key": case["record_key"], "case_number": case["record_id"]}
        row |= {"kind": kind, "agency": "Địa chính" if kind == "agency" else None}
        started = case["received_on"] + timedelta(days=rng.randrange(-2, 40))
        _moment(rng, row, "started", started)
        _moment(rng, row, "ended", None if rng.random() < 0.2 else started + timedelta(days=rng.randrange(25)))
        _moment(rng, row, "due", started + timedelta(days=30) if kind == "new_due_date" else None)
        _moment(rng, row, "due_before", started + timedelta(days=rng.randrange(20)) if rng.random() < 0.3 else None)
        steps.append(row)
    return steps


def _later(rng: random.Random, step: Row) -> Row:
    row = dict(step)
    _moment(rng, row, "ended", step["started_on"] + timedelta(days=rng.randrange(20)))
    return row


def _complaint(rng: random.Random, row: Row) -> None:
    received, closed = row["received_on"], row["closed_on"]
    _moment(rng, row, "forwarded", received + timedelta(days=rng.randrange(8)) if rng.random() < 0.4 else None)
    published = closed + timedelta(days=rng.randrange(7)) if closed is not None and rng.random() < 0.5 else None
    _moment(rng, row, "published", published)
    asked = random.Random(str(row["record_key"])).randrange(24)
    _moment(rng, row, "completion_requested", received + timedelta(days=asked) if asked < 14 else None)
    conduct = row["class"] == "conduct"
    row["finding"] = rng.choice(["founded", "partly_founded", "unfounded", None]) if conduct else None
    row["against_role"] = rng.choice(["desk_officer", "specialist", None]) if conduct else None
    row["action_taken"] = rng.choice(["none", "reminded", "apologised", None]) if conduct else None


def _activity(rng: random.Random, number: int) -> Row:
    units = ["B1", "B2", "B"] if number % 2 else ["10441", "10462", "10465", "282", "999"]
    planned = date(2024, 12, 1) + timedelta(days=rng.randrange(420))
    held = planned + timedelta(days=rng.choice([-10, 0, 0, 5, 20, 60])) if rng.random() < 0.6 else None
    return {
        "unit_code": rng.choice(units),
        "kind": rng.choice(KINDS),
        "planned_on": planned,
        # What has not happened by the last case of the sample is not known yet.
        "held_on": None if held is not None and held > date(2025, 12, 31) else held,
        "participants": rng.choice([None, 12, 40]),
    }
