"""A small made-up district in the marts that the SIPAS section reads, with the columns that the contracts of the marts have.

Figures are drawn at random from a seed; every state a figure can be in occurs: rise, fall, no evidence, no test, a method
break, an earlier period without forms, too few forms, a tie, no answer, and a unit without forms.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import yaml

from assets.forms.figures import Figures
from assets.forms.subject import Period, Subject, Unit, UnitKey

ROOT = Path(__file__).resolve().parents[4]
FIRST_DAY = date(1900, 1, 1)
DISTRICT = "900"
COMMUNES = ("901", "902", "903", "904", "905", "906", "907")
NAMES = {
    "90": "Thành phố Mẫu",
    DISTRICT: "Huyện Sông Mẫu",
    "901": "Xã Đầu",
    "902": "Xã Hai",
    "903": "Xã Ba",
    "904": "Thị trấn Bốn",
    "905": "Xã Năm",
    "906": "Xã Sáu",
    "907": "Xã Bảy",
}
YEAR = Period("2023", "year", date(2022, 12, 15), date(2023, 12, 14), "Năm 2023", "2023")
NINE_MONTHS = Period(
    "2023-9M", "nine_months", date(2022, 12, 15), date(2023, 9, 14), "9 tháng năm 2023", "Nine months of 2023"
)
TARGET = 90.0
BASIS = "Kế hoạch năm 2023"
ITEMS = ("I.1", "I.2", "II.1", "II.2", "II.3")
FACTORS = ("I", "II")
_MARTS = (
    "sipas_index", "sipas_target", "sipas_change", "sipas_ranking", "improvement_plan", "improvement_evidence",
    "activity_compliance", "survey_form_quality", "dim_instrument_item", "dim_reporting_period",
)  # fmt: skip
# Commune: forms in the year, mean satisfaction. 905 and 906 are twins and tie; 904 is too small; 907 has no form.
_FORMS = {"901": (120, 0.95), "902": (80, 0.85), "903": (60, 0.75), "904": (7, 0.9), "905": (50, 0.8), "906": (50, 0.8)}
# Commune: what became of it since the year before.
_CHANGES = {"901": "rise", "902": "fall", "903": "none", "905": "break", "906": "few_before", DISTRICT: "untested"}


def key(code: str) -> UnitKey:
    return UnitKey(code, FIRST_DAY)


@dataclass
class SurveyMarts:
    """The district's marts in an in-memory DuckDB."""

    connection: duckdb.DuckDBPyConnection = field(default_factory=duckdb.connect)

    def __post_init__(self) -> None:
        self.connection.execute("CREATE SCHEMA marts")
        self.connection.execute("CREATE SCHEMA staging")
        self.connection.execute(
            "CREATE TABLE staging.stg_activity_target AS SELECT 'dialogue' AS kind, 'commune' AS unit_level, 2 AS minimum_per_year"
        )
        for path in sorted((ROOT / "dbt_project" / "models" / "marts").glob("_*.yml")):
            for model in yaml.safe_load(path.read_text(encoding="utf-8")).get("models", []):
                if model["name"] in _MARTS:
                    columns = ", ".join(f"{column['name']} {column['data_type']}" for column in model["columns"])
                    self.connection.execute(f"CREATE TABLE marts.{model['name']} ({columns})")

    def insert(self, mart: str, rows: Iterable[dict[str, Any]]) -> None:
        for row in rows:
            places = ", ".join("?" * len(row))
            self.connection.execute(
                f"INSERT INTO marts.{mart} ({', '.join(row)}) VALUES ({places})", list(row.values())
            )

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """Rows of an independent query, as dictionaries."""
        return self.connection.sql(sql).to_arrow_table().to_pylist()

    def figures(self) -> Figures:
        return Figures(lambda sql: self.connection.sql(sql).to_arrow_table(), [YEAR.period_id, NINE_MONTHS.period_id])


def subject(code: str, period: Period = YEAR) -> Subject:
    level = "district" if code == DISTRICT else "commune"
    parent = NAMES["90"] if code == DISTRICT else NAMES[DISTRICT]
    parts = tuple(key(part) for part in COMMUNES) if code == DISTRICT else ()
    return Subject(
        Unit(key(code), NAMES[code], level, parent, parts), period, {key(c): n for c, n in NAMES.items()}, True
    )


def make_marts(seed: int = 1, instruments: tuple[str, ...] = ("A",)) -> SurveyMarts:
    """The district's year and nine months with the given instruments."""
    marts = SurveyMarts()
    marts.insert("dim_reporting_period", _periods())
    draw = random.Random(seed)
    for instrument in instruments:
        marts.insert("dim_instrument_item", _nodes(instrument))
        for period in (YEAR, NINE_MONTHS):
            index = _index(draw, instrument, period.period_id)
            marts.insert("sipas_index", index)
            marts.insert("sipas_change", _changes(draw, index))
            marts.insert("sipas_ranking", _ranking(index))
            marts.insert("sipas_target", _targets(index))
            plan = _plan(draw, index)
            marts.insert("improvement_plan", plan)
            marts.insert("improvement_evidence", _evidence(plan))
            marts.insert("survey_form_quality", _quality(index))
    marts.insert("activity_compliance", _activities())
    return marts


def _periods() -> list[dict[str, Any]]:
    years = (2022, 2023)
    kinds = (("", "year", "Năm {}", "{}"), ("-9M", "nine_months", "9 tháng năm {}", "Nine months of {}"))
    return [
        {"period_id": f"{year}{end}", "period_kind": kind, "year": year, "label_vi": vi.format(year), "label_en": en.format(year)}
        for year in years
        for end, kind, vi, en in kinds
    ]  # fmt: skip


def _nodes(instrument: str) -> list[dict[str, Any]]:
    order = ("overall", *sorted(FACTORS + ITEMS))
    return [
        {
            "instrument_code": instrument,
            "instrument_name_vi": f"Bộ phiếu {instrument}",
            "instrument_name_en": f"Questionnaire {instrument}",
            "is_complete": "yes" if instrument == "A" else "no",
            "aggregation_mode": "pooled_items",
            "node_code": code,
            "node_level": "overall" if code == "overall" else "item" if "." in code else "factor",
            "parent_code": None if code == "overall" else code.split(".")[0] if "." in code else "overall",
            "position": place,
            "label_vi": "Chỉ số hài lòng chung" if code == "overall" else f"Tên {code}",
            "label_en": "Overall satisfaction" if code == "overall" else f"Name {code}",
        }
        for place, code in enumerate(order)
    ]


def _index(draw: random.Random, instrument: str, period_id: str) -> list[dict[str, Any]]:
    counts: dict[str, dict[str, tuple[int, int]]] = {}
    for commune, (forms, mean) in _FORMS.items():
        counts[commune] = {}
        for item in ITEMS:
            answers = draw.randint(forms // 2, forms)
            if commune == "902" and item == "II.3":
                answers = 4  # too few for this item alone
            if commune == "903" and item == "I.2":
                answers = 0
            satisfied = sum(draw.random() < mean for _ in range(answers))
            counts[commune][item] = (answers, min(satisfied, 2) if answers == 4 else satisfied)
    counts["906"] = counts["905"]
    counts[DISTRICT] = {
        item: (sum(counts[c][item][0] for c in _FORMS), sum(counts[c][item][1] for c in _FORMS)) for item in ITEMS
    }
    rows = []
    for unit, items in counts.items():
        forms = sum(n for n, _ in _FORMS.values()) if unit == DISTRICT else _FORMS[unit][0]
        for node in ("overall", *FACTORS, *ITEMS):
            below = [item for item in ITEMS if node in ("overall", item, item.split(".")[0])]
            answers, satisfied = (sum(items[item][place] for item in below) for place in (0, 1))
            answered = max(items[item][0] for item in below)
            index = 100 * satisfied / answers if answers else None
            rows.append(
                {
                    "unit_code": unit,
                    "unit_valid_from": FIRST_DAY,
                    "period_id": period_id,
                    "instrument_code": instrument,
                    "node_code": node,
                    "node_level": "overall" if node == "overall" else "item" if "." in node else "factor",
                    "n_forms": forms,
                    "n_forms_answered": answered,
                    "n_answers": answers,
                    "n_satisfied": satisfied,
                    "n_dont_know": 0,
                    "n_missing": forms * len(below) - answers,
                    "n_parts": 1,
                    "index_pct": index,
                    "ci_low_pct": None if index is None else max(index - 4.5, 0.0),
                    "ci_high_pct": None if index is None else min(index + 4.5, 100.0),
                }
            )
    return rows


def _changes(draw: random.Random, index: list[dict[str, Any]]) -> list[dict[str, Any]]:
    rows = []
    for row in index:
        state = _CHANGES.get(row["unit_code"])
        if state is None or row["index_pct"] is None:
            continue
        size = draw.uniform(0.5, 6)
        before = row["index_pct"] + (size if state == "fall" else -size)
        broken = state == "break"
        rows.append(
            {
                **{name: row[name] for name in ("unit_code", "unit_valid_from", "instrument_code", "node_code")},
                "basis": "period",
                "edition_id": row["period_id"],
                "previous_edition_id": row["period_id"].replace("2023", "2022"),
                "comparison": "year_before",
                "index_pct": row["index_pct"],
                "n_forms_answered_before": 3 if state == "few_before" else 40,
                "previous_index_pct": before,
                "change_pct": None if broken else row["index_pct"] - before,
                "p_adjusted": {"rise": 0.00004, "fall": 0.0123, "none": 0.41, "few_before": 0.9}.get(state),
                "n_tests": 5,
                "direction": {"break": "untested", "few_before": "none"}.get(state, state),
                "comparable": "no" if broken else "yes",
                "reason_vi": {"break": "Bộ câu hỏi mới", "untested": "Quá ít phiếu"}.get(state),
                "reason_en": {"break": "A new questionnaire", "untested": "Too few forms"}.get(state),
            }
        )
    return rows


def _ranking(index: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found = {row["unit_code"]: row for row in index if row["node_code"] == "overall" and row["unit_code"] != DISTRICT}
    common = {
        "basis": "period",
        "group_code": DISTRICT,
        "group_valid_from": FIRST_DAY,
        "edition_id": index[0]["period_id"],
        "instrument_code": index[0]["instrument_code"],
        "node_code": "overall",
        "node_level": "overall",
        "unit_valid_from": FIRST_DAY,
        "unit_level": "commune",
        "n_ranked": len(found),
        "n_left_out": 1,
    }
    rows = [
        {**common, "unit_code": "907", "n_forms_answered": 0, "left_out": "no_data",
         "reason_vi": "Không có câu trả lời hợp lệ", "reason_en": "No valid answer"}
    ]  # fmt: skip
    for code, row in found.items():
        rank = 1 + sum(other["index_pct"] > row["index_pct"] for other in found.values())
        rows.append(
            {
                **common,
                "unit_code": code,
                "n_forms_answered": row["n_forms_answered"],
                "index_pct": row["index_pct"],
                "index_rank": rank,
                "rank_low_marginal": max(1, rank - 1),
                "rank_high_marginal": min(len(found), rank + 1),
                "rank_low_simultaneous": max(1, rank - 2),
                "rank_high_simultaneous": min(len(found), rank + 2),
            }
        )
    return rows


def _targets(index: list[dict[str, Any]]) -> list[dict[str, Any]]:
    keys = ("unit_code", "unit_valid_from", "period_id", "instrument_code", "node_code", "node_level", "index_pct")
    return [
        {name: row[name] for name in keys}
        | {"target_pct": TARGET, "is_below": "yes" if row["index_pct"] < TARGET else "no", "basis": BASIS}
        for row in index
        if row["index_pct"] is not None
    ]


def _plan(draw: random.Random, index: list[dict[str, Any]]) -> list[dict[str, Any]]:
    rows = []
    for row in index:
        if row["node_level"] != "item" or row["index_pct"] is None or row["index_pct"] >= TARGET:
            continue
        same = [r for r in index if r["unit_code"] == row["unit_code"]]
        whole = next(r["n_answers"] for r in same if r["node_code"] == "overall")
        lacks = {r["node_code"]: r["n_answers"] - r["n_satisfied"] for r in same if r["node_level"] == "item"}
        lack = lacks[row["node_code"]]
        rows.append(
            {
                **{
                    name: row[name]
                    for name in ("unit_code", "unit_valid_from", "period_id", "instrument_code", "node_code")
                },
                "reason": "below_target",
                "n_forms_answered": row["n_forms_answered"],
                "index_pct": row["index_pct"],
                "target_pct": TARGET,
                "gap_pct": TARGET - row["index_pct"],
                "contribution_pct": 100 * lack / whole,
                "contribution_rank": 1 + sum(other > lack for other in lacks.values()),
                "n_complaints": draw.randint(0, 40) if row["node_code"].startswith("II") else None,
                "n_cases_late": draw.randint(0, 1500) if row["node_code"] == "II.2" else None,
                "lead_vi": "Trưởng bộ phận",
                "lead_en": "Head of the desk",
                "executing_vi": "Bộ phận TN&TKQ",
                "executing_en": "One-stop desk",
            }
        )
    return rows


def _evidence(plan: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The complaints of the criteria under II: two topics of conduct, one stated; of II.3 closed late too, without a class."""
    keys = ("unit_code", "unit_valid_from", "period_id", "instrument_code", "node_code")
    found = []
    for row in plan:
        own = {name: row[name] for name in keys}
        if row["node_code"].startswith("II"):
            found.append(own | {"kind": "complaint", "class": "conduct", "topic": "Đất đai", "n_records": 5})
            found.append(own | {"kind": "complaint", "class": "conduct", "topic": "~", "n_records": 7})
            found.append(own | {"kind": "complaint", "class": "regulation", "topic": "Hộ tịch", "n_records": 1})
        if row["node_code"] == "II.3":
            found.append(own | {"kind": "complaint_late", "class": "~", "topic": "~", "n_records": 2})
        if row["node_code"] == "II.2":
            found.append(own | {"kind": "case_late", "class": "*", "topic": "*", "n_records": 9})
    return found


def _quality(index: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            **{name: row[name] for name in ("unit_code", "unit_valid_from", "period_id", "instrument_code", "n_forms")},
            "n_forms_judged": row["n_forms"] - 1,
            "n_forms_straight": 2 if row["unit_code"] == "901" else 0,
        }
        for row in index
        if row["node_code"] == "overall"
    ]


def _activities() -> list[dict[str, Any]]:
    """Dialogues held in the year: 901 three, 902 two, 903 one, 904 none; 905 has another activity alone, 906 nothing."""
    rows = []
    held = {"901": 3, "902": 2, "903": 1, "904": 0}
    for period in (YEAR, NINE_MONTHS):
        is_year = period is YEAR
        made = {code: n if is_year else min(n, 1) for code, n in held.items()}
        made[DISTRICT] = sum(made.values())
        for code, n in made.items():
            owing = {True: (len(held), 2), False: (1, int(n >= 2))}[code == DISTRICT]
            rows.append(
                {
                    **_activity(code, period, "dialogue", n),
                    "minimum_per_year": 2 if is_year and code != DISTRICT else None,
                    "n_units_owing": owing[0] if is_year else 0,
                    "n_units_met": owing[1] if is_year else 0,
                }
            )
        rows.append(_activity("905", period, "training", 1) | {"n_units_owing": 0, "n_units_met": 0})
    return rows


def _activity(code: str, period: Period, kind: str, n: int) -> dict[str, Any]:
    return {
        "unit_code": code,
        "unit_valid_from": FIRST_DAY,
        "period_id": period.period_id,
        "kind": kind,
        "n_planned": n + 2,
        "n_held_in_time": max(n - 1, 0),
        "n_held_late": min(n, 1),
        "n_missed": 1,
        "n_open": 1,
        "n_plan_due": n + 1,
        "n_held": n,
        "n_participants": 35 * n,
    }
