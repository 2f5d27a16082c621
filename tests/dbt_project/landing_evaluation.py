"""What the sample lands of evaluation forms, agency scores and service quality; drawn apart from the other rows."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from assets.reference.tables import reference_tables
from quality.contract import load_contracts

Row = dict[str, Any]

SHIPPED = Path(__file__).resolve().parents[2] / "assets" / "reference" / "shipped"
REFERENCE = ("one_stop_band", "one_stop_level", "one_stop_threshold", "service_quality_item")

# Term of the procedure in days of its term_kind, online level, fee, result: P3 says nothing.
PROCEDURE_FACTS = {"P1": (8, "full", "yes", "yes"), "P2": (15, "information", "no", "no")}
# What an office has set otherwise, so that a figure written into a model shows: table → key → column and value.
OVERRIDDEN: dict[str, dict[tuple[str, ...], tuple[str, str]]] = {
    "one_stop_band": {("fair",): ("points_from", "8.5")},
    "one_stop_level": {("4", "2"): ("points", "2.25"), ("9", "0"): ("points", "0.1")},
    "one_stop_threshold": {
        ("contacts", "1"): ("limit_value", "2"),
        ("complaints_in_time_pct", "1"): ("limit_value", "40"),
        ("online_filing_pct", "2"): ("limit_value", "50"),
        ("online_procedures_pct", "2"): ("limit_value", "50"),
    },
    "service_quality_item": {("4.2",): ("maximum_points", "6"), ("5.4",): ("threshold_pct", "62.5")},
}
SYNCHRONISED = [("10465", "2025-03", 80), ("01", "2025", 95), ("B1", "2025-Q1", 50)]


def overridden_reference() -> dict[str, list[Row]]:
    """The tables of both methods as an office may have them."""
    tables = evaluation_reference()
    for table, rows in OVERRIDDEN.items():
        keys = load_contracts()[table].key
        for row in tables[table]:
            column, value = rows.get(tuple(row[key] for key in keys), (None, ""))
            if column is not None:
                row[column] = Decimal(value)
    return tables


def evaluation_reference() -> dict[str, list[Row]]:
    """The shipped tables of both methods, and rates of synchronisation of some units and periods."""
    shipped, faults = reference_tables(SHIPPED, SHIPPED / "none", {}, load_contracts())
    assert faults == []
    rates = [
        {"unit_code": unit, "period_id": period, "rate_pct": rate, "basis": None} for unit, period, rate in SYNCHRONISED
    ]
    return {name: shipped[name].to_pylist() for name in REFERENCE} | {"synchronisation_rate": rates}


def evaluation_inputs(template: Row) -> list[Row]:
    """The deliveries of forms (the second replaces some of the first) and of agency scores."""
    return [
        template
        | {"input_id": f"in-{seq}", "source": source, "path": f"inbox/{source}/{seq}.csv", "delivery_kind": "upsert"}
        | {"delivery_seq": seq, "datasets": dataset, "scope_id": None, "unit_code": None, "period_id": None}
        for seq, source, dataset in (
            (30, "ratings", "case_evaluation"),
            (31, "ratings", "case_evaluation"),
            (32, "scores", "agency_evaluation"),
        )
    ]


def add_evaluation(tables: dict[str, list[Row]], lineage: Callable[..., Row], seed: int = 11) -> None:
    """Fill the columns that evaluation reads of cases, procedures, steps and complaints; add forms and agency scores."""
    rng = random.Random(seed)
    for row in tables["procedure"]:
        facts = PROCEDURE_FACTS.get(row["code"], (None,) * 4)
        row |= dict(zip(("term_days", "online_level", "has_fee", "needs_result"), facts, strict=True))
    for row in tables["case"]:
        for name in ("components_digitised", "result_digitised", "data_reused", "fee_required", "paid_online"):
            row[name] = rng.choice(["yes", "yes", "no", None])
        row["result_electronic"] = rng.choice(["yes", "no", None])
    for step in tables["case_step"]:
        if step["kind"] == "agency" and rng.random() < 0.85:
            end = step["ended_on"] or step["started_on"] + timedelta(days=3)
            step["due_on"] = end + timedelta(days=rng.choice([-2, 0, 0, 1, 5]))
            step["due_at"] = datetime.combine(step["due_on"], rng.choice([time(3, 30), time(9)]))
    cases = {row["record_key"]: row for row in tables["case"]}
    for row in tables["complaint"]:
        named = rng.choice(list(cases)) if rng.random() < 0.45 else None
        row |= {"case_key": named, "case_number": cases[named]["record_id"] if named else None}
        row |= {"likes": rng.choice([None, 0, 1, 2]), "dislikes": rng.choice([None, None, 0, 1, 2])}
        row["recomplained"] = rng.choice(["yes", "no", "no", None])
    tables["case_evaluation"] = []
    for number, case in enumerate(cases.values()):
        if rng.random() < 0.2:
            continue
        origin = (case["office_code"], case["deadline_precision"])
        rows = [lineage("case_evaluation", number, 30, "ratings", *origin) | _form(rng, case)]
        if number % 7 == 0:
            rows.append(lineage("case_evaluation", number, 31, "ratings", *origin) | _form(rng, case))
        tables["case_evaluation"] += rows
    scored = [(office, unit) for office, units in _AGENCIES.items() for unit in units]
    tables["agency_evaluation"] = []
    for number in range(230):
        office, unit = scored[number % len(scored)]
        row = lineage("agency_evaluation", number, 32, "scores", office, "date") | {"unit_code": unit}
        row |= {
            "evaluated_on": date(2024, 12, 1) + timedelta(days=rng.randrange(390)),
            "index_code": rng.choice("5689"),
        }
        row |= {"self_score": rng.choice("012"), "verified_score": rng.choice(["0", "1", "2", None, None])}
        if rng.random() < 0.15:
            row["self_score"] = None
        tables["agency_evaluation"].append(row)


# The unit 999 stands under no root; 282 and B score their own desks.
_AGENCIES = {"01": ["10441", "10462", "10465", "10470", "282", "999"], "B": ["B1", "B2", "B"]}


def _form(rng: random.Random, case: Row) -> Row:
    end = case["settled_on"] or case["received_on"] + timedelta(days=20)
    day = min(max(end, case["received_on"]) + timedelta(days=rng.randrange(6)), date(2025, 12, 31))
    row: Row = {
        "unit_code": case["unit_code"] or rng.choice(["B1" if case["office_code"] == "B" else "10441", "999"]),
        "case_key": case["record_key"] if rng.random() < 0.9 else None,
        "case_number": case["record_id"],
        "evaluated_on": day,
        "mode": rng.choice(["paper", "desk", "web", None]),
        "contacts": rng.choice([None, 0, 1, 2, 3]),
        "applicant_at_fault": rng.choice(["yes", "no", None]),
    }
    for index_code in "123467":
        row[f"index_{index_code}"] = rng.choice(["0", "1", "2", "2", "2", None, None])
    levels = ["very_satisfied", "satisfied", "dissatisfied", None]
    return row | {"convenience": rng.choice(levels), "overall": rng.choice(levels)}
