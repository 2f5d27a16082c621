"""A landing of survey rounds made to measure: published indices as so many answers, a panel of clusters, a real survey."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
from instrument_forms import SHIPPED, TABLES
from landing_sample import LONG_AGO, Sample, _months, make_sample

from assets.reference.instruments import instrument_problems
from assets.reference.tables import reference_tables
from assets.reference.territory import units_now
from quality.contract import load_contracts

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
Row = dict[str, Any]

# An instrument of one index over four items that nothing else stands beside, and the question of a real survey; the form of
# 2023 lacks an item on policies, so it gets one.
OVERLAY = {
    "instrument": """code,name_vi,name_en,aggregation_mode
PANEL,Phiếu thử,Test form,pooled_items
KC,Khảo sát cư dân,Resident survey,pooled_items
""",
    "instrument_item": """instrument_code,node_code,node_level,parent_code,position,scale_code,label_vi,label_en
PANEL,overall,overall,,1,,Chung,Overall
PANEL,1,item,overall,2,sipas5,Một,One
PANEL,2,item,overall,3,sipas5,Hai,Two
PANEL,3,item,overall,4,sipas5,Ba,Three
PANEL,4,item,overall,5,sipas5,Bốn,Four
KC,overall,overall,,1,,Chung,Overall
KC,q2_01,item,overall,2,five_dk9,Câu 1,Question 1
V2023,P.1,item,P,99,sipas5,Chính sách,Policy
""",
}
# code, level, parent: roots stand above the units that are ranked.
UNITS = [("VN", "province", None), ("01", "province", None), ("P", "district", None), ("KC", "district", None)]
UNITS += [("P1", "commune", "P"), ("P2", "commune", "P"), ("X", "province", None)]


@dataclass(frozen=True)
class Form:
    """One form: where and when, with what, and the level given per item; where it was drawn."""

    unit: str
    instrument: str
    day: date
    levels: tuple[tuple[str, str], ...]
    stratum: str | None = None
    psu: str | None = None
    weight: Decimal | None = None


def golden(name: str) -> list[dict[str, str]]:
    with (GOLDEN / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def published_forms(unit: str, instrument: str, day: date, item: str, index_pct: str, answers: int) -> list[Form]:
    """So many forms of one answer each, of which that percentage is satisfied; 10,000 give it to the second decimal."""
    satisfied = round(Decimal(index_pct) * answers / 100)
    return [Form(unit, instrument, day, ((item, "4" if n < satisfied else "3"),)) for n in range(answers)]


def panel_forms(rows: Iterable[dict[str, str]], days: dict[str, date]) -> list[Form]:
    return [
        Form(
            row["unit"], "PANEL", days[row["wave"]],
            tuple((str(item), "4" if item <= int(row["satisfied"]) else "2") for item in range(1, int(row["answers"]) + 1)),
            row["stratum"], row["psu"] or None, Decimal(row["weight"]),
        )
        for row in rows
    ]  # fmt: skip


def landing_of_editions(
    overlay: Path, forms: list[Form], rounds: list[tuple[str, str, date, date]], ranked: Iterable[str]
) -> Sample:
    """Return a landing of the forms; a round is (code, instrument, first, last day), `ranked` are units below X."""
    for name, text in OVERLAY.items():
        (overlay / f"{name}.csv").write_text(text, encoding="utf-8")
    reference, faults = reference_tables(SHIPPED, overlay, {}, load_contracts())
    assert [*faults, *instrument_problems(reference)] == []
    full = make_sample()
    units = [*UNITS, *((code, "district", "X") for code in ranked)]
    roots = [code for code, _, parent in units if parent is None]
    delivery = next(row for row in full.rows("input") if row["input_id"] == "in-3")
    delivery |= {"source": "forms", "office_code": "VN", "datasets": "survey_response,survey_answer"}
    delivery |= {"rows_read": len(forms), "rows_accepted": len(forms)}
    keys = [f"{number:032x}" for number in range(len(forms))]
    answers = [(key, item, level) for key, form in zip(keys, forms, strict=True) for item, level in form.levels]
    columns: dict[str, dict[str, list[Any]]] = {
        "survey_response": {
            "record_key": keys,
            "content_hash": keys,
            "line": [2] * len(forms),
            "unit_code": [form.unit for form in forms],
            "instrument_code": [form.instrument for form in forms],
            "responded_on": [form.day for form in forms],
            "stratum": [form.stratum for form in forms],
            "psu": [form.psu for form in forms],
            "weight": [form.weight for form in forms],
            "source": ["forms"] * len(forms),
            "office_code": ["VN"] * len(forms),
            "deadline_precision": ["date"] * len(forms),
            "source_rows": [1] * len(forms),
        },
        "survey_answer": {
            "record_key": [key for key, _, _ in answers],
            "item_code": [item for _, item, _ in answers],
            "level": [level for _, _, level in answers],
        },
    }
    rows: dict[str, list[Row]] = {
        "input": [delivery],
        "office_root": [{"office_code": code} for code in roots],
        "reporting_month": _months(date(2018, 12, 1), date(2024, 12, 31)),
        "admin_unit": [
            {"code": code, "valid_from": LONG_AGO, "level": level, "name": code, "parent_code": above}
            for code, level, above in units
        ],
        "survey_round": [
            {"code": code, "instrument_code": instrument, "first_on": first, "last_on": last, "is_probability_sample": "no"}
            for code, instrument, first, last in rounds
        ],
        "working_day": full.rows("working_day"),
    }  # fmt: skip
    tables = {name: schema.empty_table() for name, schema in full.schemas.items()}
    tables |= {name: pa.Table.from_pylist(given, schema=full.schemas[name]) for name, given in rows.items()}
    for name, given in columns.items():
        schema, n = full.schemas[name], len(given["record_key"])
        given |= {"input_id": ["in-3"] * n, "delivery_seq": [3] * n}
        tables[name] = pa.table([given.get(field.name, [None] * n) for field in schema], schema=schema)
    tables |= {name: reference[name] for name in TABLES}
    tables["unit_now"] = units_now(tables["admin_unit"], tables["admin_unit_change"], roots)
    return Sample(tables, full.schemas)
