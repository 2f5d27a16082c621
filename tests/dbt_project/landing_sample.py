"""A small landing with every state, gap and edge the models must place; the same seed gives the same rows."""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

import pyarrow as pa
from landing_design import add_design
from landing_evaluation import add_evaluation, evaluation_inputs, overridden_reference
from landing_handling import add_handling, handling_inputs, reference_rows, working_day_table
from landing_periods import add_what_was_read_before, inputs_at_lock, period_states
from landing_plan import add_fall, plan_rows

from assets.ledger import INPUT_CHANGE_SCHEMA, INPUT_RULE_SCHEMA, INPUT_SCHEMA, REMOVED_RECORD_SCHEMA
from assets.periods.figures import INPUT_AT_LOCK_SCHEMA
from assets.periods.state import PERIOD_STATE_SCHEMA
from assets.reference.periods import REPORTING_MONTH_SCHEMA
from assets.reference.territory import UNIT_NOW_SCHEMA, units_now
from assets.reference.working_days import WORKING_DAY_SCHEMA
from quality.contract import case_number_schema, landing_schema, load_contracts

OFFICE_ROOT_SCHEMA = pa.schema([pa.field("office_code", pa.string())])

LONG_AGO = date(1900, 1, 1)
REFORM = date(2025, 7, 1)
EVE_OF_REFORM = date(2025, 6, 30)
RENAMED = date(2025, 2, 1)

# code, valid_from, valid_to, level, parent: 10465 names another commune, under another parent, after the reform;
# district 282 has two versions; B is a second root; 999 stands outside the roots.
UNITS = [
    ("01", LONG_AGO, None, "province", None),
    ("282", LONG_AGO, date(2025, 1, 31), "district", "01"),
    ("282", RENAMED, EVE_OF_REFORM, "district", "01"),
    ("10441", LONG_AGO, EVE_OF_REFORM, "commune", "282"),
    ("10462", LONG_AGO, EVE_OF_REFORM, "commune", "282"),
    # The stated end overlaps the next unit of the same code by a month.
    ("10465", LONG_AGO, date(2025, 7, 31), "commune", "282"),
    ("10465", REFORM, None, "commune", "01"),
    ("10470", REFORM, None, "commune", "01"),
    ("B", date(2024, 1, 1), None, "district", None),
    ("B1", date(2024, 1, 1), None, "commune", "B"),
    ("B2", date(2024, 1, 1), None, "commune", "B"),
    ("999", LONG_AGO, None, "province", None),
]
# 10441 is split; of the others all went to the new 10465.
CHANGES = [
    ("10441", "10465", "part"),
    ("10441", "10470", "part"),
    ("10462", "10465", "whole"),
    ("10465", "10465", "whole"),
]
ROOTS = ["01", "B"]
PROCEDURES = [("P1", "Chứng thực bản sao", "Chứng thực"), ("P2", "Đăng ký khai sinh", "Hộ tịch"), ("P3", "Khác", None)]

CASE_STATES = [
    *["settled"] * 8, *["returned"] * 4, "withdrawn", "withdrawn", "accepted", "processing", "processing",
    "supplement_requested", "supplement_requested", "payment_requested", "stopped", "registered", "rejected",
]  # fmt: skip
RECORDS = ("activity", "agency_evaluation", "case", "case_evaluation", "case_step", "complaint", "survey_response")
COMPLAINT_STATES = ["done", "done", "done", "refused", "waiting", "in_progress"]


@dataclass(frozen=True)
class Sample:
    """Landed tables with their schemas, as a warehouse loads them."""

    tables: dict[str, pa.Table]
    schemas: dict[str, pa.Schema]

    def rows(self, table: str) -> list[dict[str, Any]]:
        return list(self.tables[table].to_pylist())


def make_sample(seed: int = 20230130, n_cases: int = 260, n_complaints: int = 160, n_forms: int = 70) -> Sample:
    """Return a landing of about that many records; some are landed twice."""
    rng = random.Random(seed)
    inputs = _inputs()
    tables: dict[str, list[dict[str, Any]]] = {
        "input": inputs,
        "input_rule": [
            {
                "input_id": "in-1",
                "rule_id": "type",
                "severity": "quarantine",
                "column_name": "received_at",
                "n_rows": 3,
            },
            {"input_id": "in-1", "rule_id": "width", "severity": "warn", "column_name": None, "n_rows": 2},
        ],
        "input_change": [
            {"input_id": "in-1", "change_kind": "text.nfc", "n_cells": 5},
            {"input_id": "in-1", "change_kind": "number.decimal_comma", "n_cells": 2},
        ],
        "office_root": [{"office_code": code} for code in ROOTS],
        "reporting_month": _months(date(2024, 1, 1), date(2026, 12, 31)),
        "admin_unit": [
            {
                "code": code,
                "valid_from": start,
                "valid_to": end,
                "level": level,
                "name": f"Đơn vị {code}",
                "parent_code": above,
            }
            for code, start, end, level, above in UNITS
        ],
        "admin_unit_change": [
            {"old_code": old, "new_code": new, "changed_on": REFORM, "extent": extent} for old, new, extent in CHANGES
        ],
        "unit_alias": [{"office_code": "B", "name": "Ward 1", "unit_code": "B1"}],
        "procedure": [{"code": code, "name": name, "field": field} for code, name, field in PROCEDURES],
        "instrument": [
            {
                "code": "T1",
                "name_vi": "Phiếu thử",
                "name_en": "Test form",
                "aggregation_mode": "pooled_items",
                "basis": None,
            }
        ],
        "instrument_item": _instrument(),
        "instrument_crosswalk": [
            {"from_instrument": "T1", "from_item": "F1.1", "to_instrument": "T0", "to_item": "1", "relation": "merged"},
            {"from_instrument": "T1", "from_item": "F1.2", "to_instrument": "T0", "to_item": "1", "relation": "merged"},
            {"from_instrument": "T1", "from_item": "F2.1", "to_instrument": "T0", "to_item": None, "relation": "none"},
        ],
        "method_break": [
            {
                "from_family": "T0",
                "to_family": "T1",
                "broken_on": date(2025, 1, 1),
                "reason_vi": "Phiếu mới",
                "reason_en": "New form",
            }
        ],
        "answer_level": _levels(),
        "expected_submission": [
            {"unit_code": "10441", "dataset": "survey_response", "first_month": "2024-12", "last_month": None},
            {"unit_code": "10465", "dataset": "survey_response", "first_month": "2024-12", "last_month": None},
            {"unit_code": "10465", "dataset": "case", "first_month": "2025-03", "last_month": "2025-05"},
        ],
        # The second is overtaken by rows, and nobody owes the third.
        "zero_report": [
            {"unit_code": "10465", "dataset": "case", "period_id": "2025-04", "reported_on": date(2025, 4, 15)},
            {
                "unit_code": "10441",
                "dataset": "survey_response",
                "period_id": "2025-01",
                "reported_on": date(2025, 1, 15),
            },
            {"unit_code": "10462", "dataset": "case", "period_id": "2025-04", "reported_on": date(2025, 4, 15)},
        ],
        "case": _cases(rng, n_cases),
        "complaint": _complaints(rng, n_complaints),
    }
    tables["survey_response"], tables["survey_answer"] = _survey(rng, n_forms)
    tables |= reference_rows() | overridden_reference() | plan_rows()
    tables["working_day"] = working_day_table().to_pylist()
    tables["period_state"] = period_states()
    template = inputs[0] | {"rows_quarantined": 0, "rows_skipped": 0}
    inputs += handling_inputs(template) + evaluation_inputs(template)
    add_handling(tables, _lineage)
    add_design(tables)
    add_evaluation(tables, _lineage)
    add_fall(tables, _lineage, inputs[0])
    add_what_was_read_before(tables["complaint"], inputs)
    _count_accepted(tables)
    tables["input_at_lock"] = inputs_at_lock(inputs)
    schemas = {name: landing_schema(contract) for name, contract in load_contracts().items()}
    schemas |= {
        "input": INPUT_SCHEMA,
        "input_change": INPUT_CHANGE_SCHEMA,
        "input_rule": INPUT_RULE_SCHEMA,
        "removed_record": REMOVED_RECORD_SCHEMA,
        "office_root": OFFICE_ROOT_SCHEMA,
        "reporting_month": REPORTING_MONTH_SCHEMA,
        "working_day": WORKING_DAY_SCHEMA,
        "period_state": PERIOD_STATE_SCHEMA,
        "input_at_lock": INPUT_AT_LOCK_SCHEMA,
    }
    landed = {name: pa.Table.from_pylist(tables.get(name, []), schema=schema) for name, schema in schemas.items()}
    landed["case_number"], schemas["case_number"] = landed["case"], case_number_schema(load_contracts()["case"])
    roots = [row["office_code"] for row in tables["office_root"]]
    landed["unit_now"] = units_now(landed["admin_unit"], landed["admin_unit_change"], roots)
    schemas["unit_now"] = UNIT_NOW_SCHEMA
    return Sample(landed, schemas)


def empty_sample() -> Sample:
    """Return a landing with units, months and instruments but no input and no record."""
    full = make_sample()
    kept = {
        "office_root",
        "reporting_month",
        "unit_now",
        "admin_unit",
        "procedure",
        "instrument",
        "instrument_item",
        "answer_level",
        "working_day",
        "activity_target",
        "complaint_limit",
        "responsibility",
        "target",
        "criterion_evidence",
    }
    tables = {name: table if name in kept else table.slice(0, 0) for name, table in full.tables.items()}
    return Sample(tables, full.schemas)


def _months(first: date, last: date) -> list[dict[str, Any]]:
    rows = []
    year, month = first.year, first.month
    while date(year, month, 14) <= last:
        before = (year - 1, 12) if month == 1 else (year, month - 1)
        ends_on = date(year, month, 14)
        rows.append(
            {
                "month_id": f"{year:04d}-{month:02d}",
                "starts_on": date(*before, 15),
                "ends_on": ends_on,
                "due_on": ends_on + timedelta(days=2),
            }
        )
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return rows


def _inputs() -> list[dict[str, Any]]:
    def one(seq: int, source: str, kind: str, scope: str | None, datasets: str, **more: Any) -> dict[str, Any]:
        row = {
            "input_id": f"in-{seq}", "source": source, "office_code": "01", "path": f"inbox/{source}/{seq}.csv",
            "delivery_kind": kind, "scope_id": scope, "delivery_seq": seq, "unit_code": None, "period_id": None,
            "sent_on": date(2025, 1, 16), "datasets": datasets, "status": "landed", "rows_read": 0, "rows_accepted": 0,
            "rows_quarantined": 0, "rows_duplicate": 0, "rows_skipped": 0, "rows_forgotten": 0, "reason": None,
        }  # fmt: skip
        return row | more

    return [
        one(1, "desk", "upsert", None, "case", rows_quarantined=3, rows_skipped=1),
        one(2, "desk", "upsert", None, "case", rows_duplicate=2),
        one(3, "permits", "append", None, "case", office_code="B"),
        # The second snapshot of a scope replaces the first; the third, refused, replaces nothing.
        one(4, "book", "snapshot", "s1", "complaint"),
        one(5, "book", "snapshot", "s1", "complaint"),
        one(6, "book", "snapshot", "s1", "complaint", status="refused", reason="truncated", rows_read=0),
        one(7, "portal", "append", None, "complaint", office_code="B"),
        one(8, "forms", "snapshot", "10441|2025-01", "survey_response,survey_answer", unit_code="10441", period_id="2025-01"),
        one(
            9, "forms", "snapshot", "10441|2025-01", "survey_response,survey_answer",
            unit_code="10441", period_id="2025-01", sent_on=date(2025, 1, 20),
        ),
        one(
            10, "forms", "snapshot", "10441|2025-02", "survey_response,survey_answer",
            unit_code="10441", period_id="2025-02", sent_on=date(2025, 2, 25),
        ),
        one(
            11, "forms", "snapshot", "10465|2025-03", "survey_response,survey_answer",
            unit_code="10465", period_id="2025-03", sent_on=date(2025, 3, 15), status="empty",
        ),
        one(
            12, "forms", "snapshot", "10465|2025-08", "survey_response,survey_answer",
            unit_code="10465", period_id="2025-08", sent_on=date(2025, 8, 16),
        ),
        one(13, "forms", "append", None, "survey_response,survey_answer", status="duplicate", unit_code="10441", period_id="2025-01"),
    ]  # fmt: skip


def _lineage(dataset: str, number: int, seq: int, source: str, office: str, precision: str) -> dict[str, Any]:
    return {
        "record_key": hashlib.blake2b(f"{dataset}|{number}".encode(), digest_size=16).hexdigest(),
        "input_id": f"in-{seq}",
        "delivery_seq": seq,
        "sheet": None if seq % 2 else "Sheet1",
        "line": number + 2,
        "source_rows": 1 + number % 3 if source == "permits" else 1,
        "content_hash": f"{number}-{seq}",
        "source": source,
        "office_code": office,
        "deadline_precision": precision,
        "record_id": f"{dataset}-{number}",
        "extra": None,
    }


def _instant(day: date | None, rng: random.Random) -> tuple[datetime | None, date | None]:
    """A UTC moment within the local day (UTC+7), and the day."""
    if day is None:
        return None, None
    return datetime.combine(day, time(rng.choice([0, 3, 9]), rng.choice([0, 30]))), day


def _day(rng: random.Random, first: date, span: int) -> date:
    """A day within the span; every third one next to a cut-off."""
    day = first + timedelta(days=rng.randrange(span))
    return day.replace(day=rng.choice([13, 14, 15, 16])) if rng.random() < 0.33 else day


def _cases(rng: random.Random, count: int) -> list[dict[str, Any]]:
    rows = []
    for number in range(count):
        at_b = number % 4 == 0
        seq, source, office, precision = (3, "permits", "B", "instant") if at_b else (1, "desk", "01", "date")
        row = _lineage("case", number, seq, source, office, precision) | _case_values(rng, at_b)
        rows.append(row)
        # Some records come again with a newer state, and the newer one counts.
        if not at_b and number % 9 == 0:
            rows.append(_lineage("case", number, 2, source, office, precision) | _case_values(rng, at_b))
    return rows


def _case_values(rng: random.Random, at_b: bool) -> dict[str, Any]:
    received = _day(rng, date(2024, 12, 1), 330)
    state = rng.choice(CASE_STATES)
    due = None if rng.random() < 0.2 else received + timedelta(days=rng.choice([0, 3, 10, 30, 60]))
    end = None
    if state in ("settled", "returned", "withdrawn"):
        roll = rng.random()
        if roll < 0.1:
            end = None
        elif roll < 0.2:
            end = received - timedelta(days=rng.randrange(1, 40))
        elif roll < 0.4 and due is not None:
            end = due
        else:
            end = received + timedelta(days=rng.randrange(0, 90))
    asked = received + timedelta(days=rng.randrange(-3, 60)) if state == "supplement_requested" else None
    if rng.random() < 0.3:
        asked = None
    values: dict[str, Any] = {
        "unit_code": rng.choice(
            ["B1", "B2", "B", None] if at_b else ["10441", "10462", "10465", "10465", "282", "999", None]
        ),
        "procedure_code": rng.choice(["P1", "P2", "P3", "P9", None]),
        "procedure_field": rng.choice([None, None, "Đất đai"]),
        "channel": rng.choice(["online", "direct", "postal", "other", None]),
        "state": state,
    }
    for name, day in (("received", received), ("due", due), ("settled", end), ("supplement_requested", asked)):
        values[f"{name}_at"], values[f"{name}_on"] = _instant(day, rng)
    return values


def _complaints(rng: random.Random, count: int) -> list[dict[str, Any]]:
    rows = []
    for number in range(count):
        if number % 2:
            rows.append(
                _lineage("complaint", number, 7, "portal", "B", "instant") | _complaint_values(rng, ["B1", "B2", None])
            )
            continue
        units = ["10441", "10462", "10465", None]
        rows.append(_lineage("complaint", number, 4, "book", "01", "date") | _complaint_values(rng, units))
        if number % 3:
            rows.append(_lineage("complaint", number, 5, "book", "01", "date") | _complaint_values(rng, units))
    return rows


def _complaint_values(rng: random.Random, units: list[str | None]) -> dict[str, Any]:
    received = _day(rng, date(2024, 12, 20), 300)
    state = rng.choice(COMPLAINT_STATES)
    due = None if rng.random() < 0.25 else received + timedelta(days=rng.choice([0, 5, 20, 45]))
    end = None
    if state in ("done", "refused") and rng.random() < 0.9:
        end = received + timedelta(days=rng.randrange(-4, 60)) if due is None or rng.random() < 0.6 else due
    values: dict[str, Any] = {
        "unit_code": rng.choice(units),
        "channel": rng.choice(["phone", "website", None]),
        "class": rng.choice(["regulation", "conduct", None]),
        "topic": rng.choice(["roads", None]),
        "state": state,
    }
    for name, day in (("received", received), ("due", due), ("closed", end)):
        values[f"{name}_at"], values[f"{name}_on"] = _instant(day, rng)
    return values


def _instrument() -> list[dict[str, Any]]:
    nodes = [
        ("ALL", "overall", None), ("A", "area", "ALL"), ("F1", "factor", "A"), ("F2", "factor", "A"),
        ("F1.1", "item", "F1"), ("F1.2", "item", "F1"), ("F2.1", "item", "F2"), ("F2.2", "item", "F2"), ("F2.3", "item", "F2"),
    ]  # fmt: skip
    questions = [
        ("Q1", "question", None, None, "interest", None), ("Q1.1", "item", "Q1", "three", "interest", "scaled"),
        ("Q4", "item", None, "three", "harassment", None), ("Q10", "item", None, "three", "expectation", "satisfied_share"),
    ]  # fmt: skip
    every = [(*node, "five" if node[1] == "item" else None, None, None) for node in nodes] + questions
    # A question on the service as a whole, which is not pooled with the others.
    every.append(("HL", "item", "ALL", "five", None, None))
    return [
        {
            "instrument_code": "T1", "node_code": code, "node_level": level, "parent_code": parent, "position": position,
            "answers_for": "ALL" if code == "HL" else None,
            "scale_code": scale, "question_kind": question_kind, "index_kind": index_kind,
            "label_vi": f"Tiêu chí {code}", "label_en": f"Node {code}",
        }
        for position, (code, level, parent, scale, question_kind, index_kind) in enumerate(every, start=1)
    ]  # fmt: skip


def _levels() -> list[dict[str, Any]]:
    return [
        {
            "scale_code": "five", "level": str(level), "answer_kind": "dont_know" if level == 9 else "valid",
            "is_satisfied": int(level in (4, 5)), "label_vi": f"Mức {level}", "label_en": f"Level {level}",
        }
        for level in (1, 2, 3, 4, 5, 9)
    ] + [
        {
            "scale_code": "three", "level": str(level), "answer_kind": "dont_know" if level == 9 else "valid",
            "is_satisfied": int(level in (1, 2)), "score": score, "label_vi": f"Mức {level}", "label_en": f"Level {level}",
        }
        for level, score in ((1, 0), (2, 50), (3, 100), (9, None))
    ]  # fmt: skip


def _survey(rng: random.Random, count: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    responses: list[dict[str, Any]] = []
    answers: list[dict[str, Any]] = []
    # Drawn apart, so that the other answers stay as they are.
    whole = random.Random(1383)
    deliveries = {
        8: ("10441", date(2025, 1, 1)),
        9: ("10441", date(2025, 1, 1)),
        10: ("10441", date(2025, 2, 1)),
        12: ("10465", date(2025, 7, 20)),
    }
    # The neighbours of 10441 answer in the same two months, so that units can be ranked and followed.
    neighbours = [(10, unit, first) for unit in ("10462", "10465") for first in (date(2025, 1, 1), date(2025, 2, 1))]
    for number in range(count + 40):
        if number < count:
            seq = rng.choice(list(deliveries))
            unit, first = deliveries[seq]
        else:
            seq, unit, first = neighbours[number % 4]
        day = first + timedelta(days=rng.randrange(10))
        response = _lineage("survey_response", number, seq, "forms", "01", "date")
        response |= {
            "unit_code": unit, "instrument_code": "T1", "responded_on": day, "mode": "paper",
            "sex": rng.choice(["male", "female", None]), "age_band": "25-34",
        }  # fmt: skip
        responses.append(response)
        # A whole commune-month of satisfied people gives a standard error of 0.
        levels = ["4", "5"] if (seq, unit) == (10, "10441") else ["1", "2", "3", "4", "4", "5", "5", "9", None]
        # Nobody answers the last question.
        asked = dict.fromkeys(("F1.1", "F1.2", "F2.1", "F2.2", "F2.3"), levels)
        asked |= {question: ["1", "2", "2", "9", None] for question in ("Q1.1", "Q4")}
        drawn = {item: rng.choice(given) for item, given in asked.items()} | {"HL": whole.choice(levels)}
        if number % 9 == 4:
            # Some tick one column from top to bottom.
            drawn = dict.fromkeys((*asked, "HL"), "2")
        for item, level in drawn.items():
            if level is not None:
                answers.append(
                    {key: response[key] for key in ("record_key", "input_id", "delivery_seq")}
                    | {"item_code": item, "level": level}
                )
    return responses, answers


def _count_accepted(tables: dict[str, list[dict[str, Any]]]) -> None:
    """Fill what the ledger knows: rows accepted are the source rows landed, rows read the sum of all ends."""
    for row in tables["input"]:
        for dataset in RECORDS:
            row["rows_accepted"] += sum(r["source_rows"] for r in tables[dataset] if r["input_id"] == row["input_id"])
        row["rows_read"] = row["rows_accepted"] + row["rows_quarantined"] + row["rows_duplicate"]
