"""One landing that holds every golden scenario of the methods below, each as a commune of its own.

Beside them stands what properties are tested on, so that one build serves all. The territory is the shipped one with the
scenarios' communes added; the split communes of the country and the units of Mỹ Đức before and after each of its mergers
have a form each, so that the changes can be followed through the models. Pairs of communes have the same forms but for one
satisfied answer.
"""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from golden_pairs import INPUT, Row, read, scenarios
from landing_sample import LONG_AGO, Sample, make_sample

from assets.reference.periods import reporting_months
from assets.reference.tables import reference_tables
from assets.reference.territory import units_now
from assets.reference.working_days import working_day_test, working_days
from quality.contract import landing_schema, load_contracts

SHIPPED = Path(__file__).resolve().parents[2] / "assets" / "reference" / "shipped"
REFERENCE = (
    "instrument", "instrument_item", "answer_level", "instrument_crosswalk", "method_break", "admin_unit",
    "admin_unit_change", "calendar_day", "complaint_limit", "activity_target", "target", "responsibility", "criterion_evidence",
    "one_stop_band", "one_stop_level", "one_stop_threshold", "service_quality_item",
)  # fmt: skip

ROOT = "G"
CALENDAR = (date(2019, 12, 15), date(2025, 12, 31))
COUNTED_FORMS = ("sipas_index", "survey_question", "improvement_plan")
WHOLE_FORMS = ("survey_reliability", "survey_form_quality", "survey_driver")
CASES = ("case_settlement", "working_day_duration")
METHODS = (*COUNTED_FORMS, *WHOLE_FORMS, *CASES, "complaint_handling", "submission_status")

# Pairs of communes, the second with one satisfied answer more, per way of aggregation.
GROWTH_INSTRUMENTS = ("V2022", "V2022_mean_of_items", "V2022_mean_of_factors")
GROWTH_PAIRS = 12

# Its forms are landed once more as evaluation forms of cases, in another commune.
CASE_INSTRUMENT = "TT01_2018"
CASE_LEVELS = {"0": "dissatisfied", "1": "satisfied", "2": "very_satisfied"}

# The territory's forms: one question of one answer each.
TERRITORY_INSTRUMENT, TERRITORY_ITEM = "V2012_BIRTH", "HL"
MY_DUC = "282"
EVE_OF_2025, MARCH_2025, AUGUST_2025 = date(2024, 12, 20), date(2025, 3, 10), date(2025, 8, 10)

Answers = dict[str, str]


def unit_of(method: str, scenario: str) -> str:
    """The commune that a scenario's records name."""
    return f"{method}_{scenario}"


def evaluated_unit(method: str, scenario: str) -> str:
    """The commune whose evaluation forms of cases say what the forms of the scenario's commune say."""
    return f"{unit_of(method, scenario)}_evaluated"


class _Landing:
    def __init__(self) -> None:
        self.rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.cases: list[pa.Table] = []

    def add_form(self, unit: str, instrument: str, day: date, answers: Answers) -> None:
        key = _record("survey_response", len(self.rows["survey_response"]))
        form = {"unit_code": unit, "instrument_code": instrument, "responded_on": day}
        self.rows["survey_response"].append(key | form)
        part = {name: key[name] for name in ("record_key", "input_id", "delivery_seq")}
        self.rows["survey_answer"] += [part | {"item_code": item, "level": level} for item, level in answers.items()]

    def add_evaluation(self, unit: str, day: date, answers: Answers) -> None:
        key = _record("case_evaluation", len(self.rows["case_evaluation"]))
        said = {f"index_{index}": level for index, level in answers.items() if index not in ("10", "11")}
        said |= {"convenience": CASE_LEVELS[answers["10"]], "overall": CASE_LEVELS[answers["11"]]}
        self.rows["case_evaluation"].append(key | {"unit_code": unit, "evaluated_on": day} | said)


def golden_landing() -> Sample:
    """Return the landing of every pair in this folder."""
    template = make_sample()
    reference, problems = reference_tables(SHIPPED, SHIPPED / "none", {}, load_contracts())
    assert problems == []
    landing = _Landing()
    for method in METHODS:
        for scenario in scenarios(method):
            _add(landing, method, scenario, read(method, scenario, INPUT))
    _add_growth(landing, reference["instrument_item"].to_pylist())
    communes = [unit_of(method, scenario) for method in METHODS for scenario in scenarios(method)]
    communes += [evaluated_unit(method, scenario) for method in WHOLE_FORMS for scenario in scenarios(method)]
    communes += [growth_unit(pair, side) for pair in range(GROWTH_PAIRS) for side in ("before", "after")]
    tables = {name: table.slice(0, 0) for name, table in template.tables.items()}
    tables |= {name: reference[name] for name in REFERENCE}
    is_working = working_day_test(reference["calendar_day"])
    tables["reporting_month"] = reporting_months(*CALENDAR, cut_off_day=14, working_days=2, is_working=is_working)
    tables["working_day"] = working_days(*CALENDAR, is_working)
    tables["admin_unit"] = pa.concat_tables([reference["admin_unit"], _communes(communes, template.schemas)])
    own = _averaging_twins(reference["instrument"].to_pylist(), reference["instrument_item"].to_pylist())
    for name, rows in own.items():
        added = pa.Table.from_pylist(rows, schema=template.schemas[name])
        tables[name] = pa.concat_tables([reference[name].select(added.schema.names), added])
    _add_territory(landing, reference)
    provinces = {row["code"] for row in reference["admin_unit"].to_pylist() if row["level"] == "province"}
    roots = sorted(provinces | {ROOT})
    tables["office_root"] = pa.table({"office_code": roots})
    tables["unit_now"] = units_now(tables["admin_unit"], tables["admin_unit_change"], roots)
    landing.rows["input"].append(_delivery("in-1", 1, None, None, "landed", None))
    for name, rows in landing.rows.items():
        tables[name] = pa.Table.from_pylist(rows, schema=template.schemas[name])
    tables["case"] = _numbered(pa.concat_tables(landing.cases))
    return Sample(tables, template.schemas)


def _add(landing: _Landing, method: str, scenario: str, rows: list[Row]) -> None:
    unit = unit_of(method, scenario)
    if method in COUNTED_FORMS:
        for day, instrument, answers in _counted(rows):
            landing.add_form(unit, instrument, day, answers)
    elif method in WHOLE_FORMS:
        for row in rows:
            answers = {item: level for item, level in row.items() if item != "instrument_code" and level is not None}
            landing.add_form(unit, str(row["instrument_code"]), MARCH_2025, answers)
            if row["instrument_code"] == CASE_INSTRUMENT:
                landing.add_evaluation(evaluated_unit(method, scenario), MARCH_2025, answers)
    elif method in CASES:
        landing.cases.append(_cases(unit, rows))
    elif method == "complaint_handling":
        for row in rows:
            key = _record("complaint", len(landing.rows["complaint"]))
            landing.rows["complaint"].append(key | {"unit_code": unit} | _days(row))
    else:
        _submissions(landing, unit, rows)


def _counted(rows: list[Row]) -> list[tuple[date, str, Answers]]:
    """Forms from counts of answers: the n answers of an item's level go to the next n forms; a blank level leaves blanks."""
    forms: dict[tuple[str, str], list[Answers]] = defaultdict(list)
    filled: dict[tuple[str, str, str], int] = defaultdict(int)
    for row in rows:
        batch, item, n = (str(row["day"]), str(row["instrument_code"])), str(row["item_code"]), int(row["n"] or 0)
        start = filled[*batch, item]
        filled[*batch, item] = start + n
        forms[batch] += [{} for _ in range(start + n - len(forms[batch]))]
        if row["level"] is not None:
            for form in forms[batch][start : start + n]:
                form[item] = row["level"]
    return [(date.fromisoformat(day), instrument, form) for (day, instrument), group in forms.items() for form in group]


def _cases(unit: str, rows: list[Row]) -> pa.Table:
    schema = landing_schema(load_contracts()["case"])
    copies = [int(row.pop("copies", None) or 1) for row in rows]
    table = pa.Table.from_pylist([_record("case", 0) | {"unit_code": unit} | _days(row) for row in rows], schema=schema)
    return table.take(np.repeat(np.arange(len(rows)), copies))


def _numbered(cases: pa.Table) -> pa.Table:
    """Cases with keys and lines of their own."""
    numbers = np.arange(cases.num_rows)
    keys = pa.array(np.char.mod("case-%07d", numbers).tolist(), pa.string())
    for name, values in (("record_key", keys), ("line", pa.array(numbers + 2))):
        place = cases.schema.get_field_index(name)
        cases = cases.set_column(place, cases.schema.field(name), values.cast(cases.schema.field(name).type))
    return cases


def _days(row: Row) -> dict[str, Any]:
    """The cells of a record, its days as days and as moments of them."""
    values: dict[str, Any] = {}
    for name, cell in row.items():
        if not name.endswith("_on"):
            values[name] = cell
            continue
        day = None if cell is None else date.fromisoformat(cell)
        values[name] = day
        values[f"{name[:-3]}_at"] = None if day is None else datetime.combine(day, time(3))
    return values


def _submissions(landing: _Landing, unit: str, rows: list[Row]) -> None:
    months = [str(row["period_id"]) for row in rows]
    owed = {"unit_code": unit, "dataset": "complaint", "first_month": min(months), "last_month": max(months)}
    landing.rows["expected_submission"].append(owed)
    for row in rows:
        if row["status"] == "stated":
            stated = {"period_id": row["period_id"], "reported_on": date.fromisoformat(str(row["sent_on"]))}
            landing.rows["zero_report"].append({"unit_code": unit, "dataset": "complaint"} | stated)
        elif row["status"] is not None:
            seq = len(landing.rows["input"]) + 2
            delivery = _delivery(f"in-{seq}", seq, unit, row["period_id"], row["status"], row["sent_on"])
            landing.rows["input"].append(delivery)


def _delivery(
    input_id: str, seq: int, unit: str | None, period: str | None, status: str, sent_on: str | None
) -> dict[str, Any]:
    counts = dict.fromkeys(("read", "accepted", "quarantined", "duplicate", "skipped"), 0)
    return {
        "input_id": input_id, "source": "golden", "office_code": ROOT, "path": f"inbox/{input_id}.csv",
        "delivery_kind": "append", "delivery_seq": seq, "unit_code": unit, "period_id": period, "status": status,
        "sent_on": None if sent_on is None else date.fromisoformat(sent_on), "datasets": "complaint",
        "reason": "truncated" if status == "refused" else None,
    } | {f"rows_{name}": number for name, number in counts.items()}  # fmt: skip


def _record(dataset: str, number: int) -> dict[str, Any]:
    return {
        "record_key": f"{dataset}-{number:07d}", "input_id": "in-1", "delivery_seq": 1, "line": number + 2,
        "source_rows": 1, "content_hash": str(number), "source": "golden", "office_code": ROOT,
        "deadline_precision": "date",
    }  # fmt: skip


def _communes(codes: list[str], schemas: dict[str, pa.Schema]) -> pa.Table:
    rows = [{"code": ROOT, "level": "province", "parent_code": None}]
    rows += [{"code": code, "level": "commune", "parent_code": ROOT} for code in codes]
    named = [row | {"name": row["code"], "valid_from": LONG_AGO} for row in rows]
    return pa.Table.from_pylist(named, schema=schemas["admin_unit"])


def _averaging_twins(instruments: list[dict[str, Any]], items: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """V2022 once more under each way of averaging, so that the same answers go through all of them."""
    [shipped] = [row for row in instruments if row["code"] == "V2022"]
    nodes = [row for row in items if row["instrument_code"] == "V2022"]
    modes = ("mean_of_items", "mean_of_factors")
    return {
        "instrument": [shipped | {"code": f"V2022_{mode}", "aggregation_mode": mode} for mode in modes],
        "instrument_item": [row | {"instrument_code": f"V2022_{mode}"} for mode in modes for row in nodes],
    }


def growth_unit(pair: int, side: str) -> str:
    return f"growth_{pair}_{side}"


def _add_growth(landing: _Landing, items: list[dict[str, Any]]) -> None:
    """Few forms with many blanks, so that an answer also makes an item or a factor count that had none."""
    chance = random.Random(2022)
    codes = [row["node_code"] for row in items if row["instrument_code"] == "V2022" and row["scale_code"] == "sipas5"]
    for pair in range(GROWTH_PAIRS):
        blank = chance.choice((0.3, 0.9))
        forms = [{code: chance.choice("12345") for code in codes if chance.random() > blank} for _ in range(3)]
        form, item = chance.choice([(form, code) for form in forms for code in codes if code not in form])
        grown = [given | ({item: chance.choice("45")} if given is form else {}) for given in forms]
        for side, given_forms in (("before", forms), ("after", grown)):
            for instrument in GROWTH_INSTRUMENTS:
                for given in given_forms:
                    landing.add_form(growth_unit(pair, side), instrument, MARCH_2025, given)


def _add_territory(landing: _Landing, reference: dict[str, pa.Table]) -> None:
    """A form in every commune of the country that was split, and in each unit of Mỹ Đức at each of three times."""
    changes = reference["admin_unit_change"].to_pylist()
    split = {row["old_code"] for row in changes if row["extent"] == "part"}
    units = reference["admin_unit"].to_pylist()

    def add(code: str, day: date) -> None:
        level = "5" if int(code) % 3 else "2"
        landing.add_form(code, TERRITORY_INSTRUMENT, day, {TERRITORY_ITEM: level})

    for row in units:
        if row["level"] == "commune" and row["code"] in split and row["valid_from"] == LONG_AGO:
            add(row["code"], EVE_OF_2025)
    for day in (EVE_OF_2025, MARCH_2025):
        for row in units:
            is_new = day > EVE_OF_2025 or row["code"] not in split
            if row["parent_code"] == MY_DUC and row["valid_from"] <= day <= row["valid_to"] and is_new:
                add(row["code"], day)
    after = {row["code"]: row for row in units if row["valid_from"] == date(2025, 7, 1)}
    old = {row["code"] for row in units if row["parent_code"] == MY_DUC}
    for code in sorted({row["new_code"] for row in changes if row["old_code"] in old} & set(after)):
        add(code, AUGUST_2025)
