"""Open marts of an office that exists nowhere, for the site alone: a city, its districts and communes, by rule and seed.

The figures of one unit are made row by row; those of the others are the same with another index and another size. They
need not add up: the site only shows them.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as csv
import pyarrow.parquet as pq

from assets.publish.marts import Mart
from assets.publish.tables import OpenTable

Row = dict[str, Any]

START = date(1900, 1, 1)
CITY = "01"
INSTRUMENT = "B2022"
DATASETS = ("case", "complaint", "survey_response")
_FIELDS = ("Chứng thực", "Hộ tịch", "Đất đai", "Xây dựng", "Bảo trợ xã hội", "Người có công", "Văn hóa", "~")
_CHANNELS = ("app", "email", "in_person", "letter", "phone", "suggestion_box", "website", "~")
_CLASSES = ("regulation", "conduct", "other", "~")
_FACTORS = (2, 4, 7, 4, 4)
_SPANS = (("quarter", 3, "Q"), ("half_year", 6, "H"), ("year", 12, ""))


@dataclass(frozen=True)
class Place:
    code: str
    name: str
    level: str
    parent: str | None


def site_marts(districts: int, communes: int, months: int, first_year: int = 2022) -> dict[str, pa.Table]:
    """Tables by mart: `communes` in each of `districts`, `months` from January of `first_year` with the longer periods."""
    places = [Place(CITY, "Thành phố Mẫu", "province", "00")]
    for number in range(1, districts + 1):
        district = f"{number:03d}"
        places.append(Place(district, f"Huyện Mẫu {number}", "district", CITY))
        places += [
            Place(f"{number:03d}{part:02d}", f"Xã Mẫu {number}.{part}", "commune", district)
            for part in range(1, communes + 1)
        ]
    periods = _periods(months, first_year)
    nodes = _nodes()
    chance = np.random.default_rng(1)
    every = [place.code for place in places]
    shifts = dict(zip(every, chance.normal(0, 4, len(every)).tolist(), strict=True))
    leaves = [place.code for place in places if place.level == "commune"]
    index = _spread(_index_rows(periods, nodes), every, shifts)
    tables = {
        "dim_admin_unit": _units(places),
        "dim_reporting_period": pa.Table.from_pylist(periods),
        "dim_instrument_item": pa.Table.from_pylist(nodes),
        "dim_method_break": pa.Table.from_pylist([_break(first_year)]),
        "dim_criterion_evidence": pa.Table.from_pylist(_evidence(nodes)),
        "sipas_index": index,
        "sipas_index_now": _spread(_now_rows(periods), every, shifts),
        "sipas_change": _spread(_change_rows(periods, nodes), every, {}),
        "sipas_ranking": _ranking(places, periods, shifts),
        "improvement_plan": _spread(_plan_rows(periods, nodes), every, {}),
        "case_settlement": _spread(_case_rows(periods), every, {}),
        "complaint_handling": _spread(_complaint_rows(periods), every, {}),
        "case_apology": _spread(_apology_rows(periods), every, {}),
        "service_quality_766": _spread(_service_rows(periods), every, {}),
        "submission_status": _spread(_status_rows(periods), leaves, {}),
        "submission_rate": _spread(_rate_rows(periods), every, {}),
        "data_quality": _quality(leaves, periods),
    }
    return {name: table for name, table in tables.items() if table.num_rows}


def open_tables(tables: dict[str, pa.Table], folder: Path) -> list[OpenTable]:
    """Write the tables as Parquet and CSV (its first rows) into `folder`, as a revision has them in open/marts."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        pq.write_table(table, folder / f"{name}.parquet")
        csv.write_csv(table.slice(0, 10), folder / f"{name}.csv")
    return tables_in(folder)


def tables_in(folder: Path) -> list[OpenTable]:
    """The tables that `open_tables` wrote."""
    found = []
    for path in sorted(folder.glob("*.parquet")):
        mart = Mart(path.stem, "open", f"Bảng {path.stem}", f"Table {path.stem}", "", (), None, (), ())
        rows = pq.read_metadata(path).num_rows
        found.append(OpenTable(mart, (), pq.read_schema(path), rows, path, path.with_suffix(".csv")))
    return found


def _periods(months: int, first_year: int) -> list[Row]:
    """Months from the 15th of the month before to the 14th, and the longer periods whose months are all there."""

    def row(name: str, kind: str, first: int, last: int, vi: str, en: str) -> Row:
        (year, month), (last_year, last_month) = divmod(first, 12), divmod(last, 12)
        before = divmod(first - 1, 12)
        return {
            "period_id": name, "period_kind": kind, "year": year, "starts_on": date(before[0], before[1] + 1, 15),
            "ends_on": date(last_year, last_month + 1, 14), "first_month_id": f"{year}-{month + 1:02d}",
            "last_month_id": f"{last_year}-{last_month + 1:02d}", "label_vi": vi, "label_en": en,
        }  # fmt: skip

    first, found = first_year * 12, []
    for at in range(first, first + months):
        year, month = divmod(at, 12)
        name = calendar.month_name[month + 1]
        found.append(row(f"{year}-{month + 1:02d}", "month", at, at, f"Tháng {month + 1}/{year}", f"{name} {year}"))
    for kind, span, letter in _SPANS:
        for number in range(months // span):
            at = first + number * span
            year, part = divmod(at, 12)
            place = part // span + 1
            name = f"{year}-{letter}{place}" if letter else str(year)
            found.append(row(name, kind, at, at + span - 1, f"Kỳ {name}" if letter else f"Năm {year}", name))
    for number in range((months + 3) // 12):
        at = first + number * 12
        year = at // 12
        found.append(row(f"{year}-9M", "nine_months", at, at + 8, f"9 tháng năm {year}", f"Nine months of {year}"))
    return found


def _nodes() -> list[Row]:
    def node(code: str, level: str, parent: str | None, position: int, vi: str, en: str) -> Row:
        return {
            "instrument_code": INSTRUMENT, "instrument_name_vi": "Phiếu mẫu 21 tiêu chí", "instrument_name_en": "Sample form of 21",
            "method_family": "F2", "first_year": 2022, "last_year": None, "aggregation_mode": "pooled_items", "node_code": code,
            "node_level": level, "parent_code": parent, "position": position, "label_vi": vi, "label_en": en, "n_items": 1,
        }  # fmt: skip

    found = [node("overall", "overall", None, 0, "Chung", "Overall")]
    for number, items in enumerate(_FACTORS, 1):
        factor = f"F{number}"
        found.append(
            node(factor, "factor", "overall", len(found), f"Yếu tố thứ {number} của phiếu mẫu", f"Factor {number}")
        )
        for item in range(1, items + 1):
            vi = f"Tiêu chí {number}.{item}: công chức hướng dẫn kê khai hồ sơ một lần là có thể hoàn thiện"
            found.append(
                node(f"{factor}.{item}", "item", factor, len(found), vi, f"Criterion {number}.{item}, as asked")
            )
    return found


def _break(first_year: int) -> Row:
    return {"from_family": "F1", "to_family": "F2", "broken_on": date(first_year, 1, 1),
            "reason_vi": "Phiếu hỏi khác trước.", "reason_en": "The form asks otherwise."}  # fmt: skip


def _units(places: Iterable[Place]) -> pa.Table:
    rows = [
        {"unit_code": p.code, "unit_valid_from": START, "unit_valid_to": None, "unit_level": p.level, "unit_name": p.name,
         "parent_code": p.parent, "parent_valid_from": START, "office_code": CITY}
        for p in [*places, Place(f"{CITY}~", "Chưa rõ đơn vị (Thành phố Mẫu)", "unassigned", CITY)]
    ]  # fmt: skip
    table = pa.Table.from_pylist(rows)
    at = table.schema.get_field_index("unit_valid_to")
    return table.set_column(at, "unit_valid_to", table["unit_valid_to"].cast(pa.date32()))


def _spread(rows: Sequence[Row], codes: Sequence[str], shifts: dict[str, float]) -> pa.Table:
    """The rows of one unit for each of the codes, in order of code; `shifts` move its percentages by so much."""
    one = pa.Table.from_pylist(list(rows))
    ordered = sorted(codes)
    table = one.take(pa.array(np.tile(np.arange(one.num_rows), len(ordered))))
    table = table.add_column(0, "unit_code", pa.array(np.repeat(np.array(ordered, dtype=object), one.num_rows)))
    table = table.add_column(1, "unit_valid_from", pa.array([START] * table.num_rows, pa.date32()))
    if shifts:
        moved = np.repeat([shifts[code] for code in ordered], one.num_rows)
        for name in {"index_pct", "ci_low_pct", "ci_high_pct"} & set(table.column_names):
            figures = np.clip(table[name].to_numpy() + moved, 0, 100)
            table = table.set_column(table.schema.get_field_index(name), name, pa.array(np.round(figures, 6)))
    hidden = pa.array(np.zeros(table.num_rows, dtype=bool))
    return table.append_column("hidden", hidden)


def _size(period: Row) -> int:
    return {"month": 1, "quarter": 3, "half_year": 6, "nine_months": 9, "year": 12}[period["period_kind"]]


def _index_rows(periods: Sequence[Row], nodes: Sequence[Row]) -> list[Row]:
    chance = np.random.default_rng(2)
    rows = []
    for period in periods:
        for node in nodes:
            forms = 40 * _size(period)
            answers = forms * {"overall": 21, "factor": 4, "item": 1}[node["node_level"]]
            pct = float(chance.uniform(76, 92))
            rows.append(
                {"period_id": period["period_id"], "instrument_code": INSTRUMENT, "node_code": node["node_code"],
                 "node_level": node["node_level"], "n_forms": forms, "n_forms_answered": forms - 1, "n_answers": answers,
                 "n_satisfied": round(answers * pct / 100), "n_dont_know": 2, "n_missing": 3, "index_pct": round(pct, 6),
                 "ci_low_pct": round(pct - 3, 6), "ci_high_pct": round(pct + 2.5, 6), "method": "srs_korn_graubard"}
            )  # fmt: skip
    return rows


def _now_rows(periods: Sequence[Row]) -> list[Row]:
    return [
        {"period_id": p["period_id"], "instrument_code": INSTRUMENT, "node_code": "overall", "node_level": "overall",
         "n_forms": 40.0 * _size(p), "n_forms_answered": 39.5 * _size(p), "n_answers": 800.5 * _size(p), "n_answers_allocated": 12.25,
         "n_satisfied": 700.25 * _size(p), "n_dont_know": 2.0, "n_missing": 3.0, "index_pct": 87.3}
        for p in periods
    ]  # fmt: skip


def _change_rows(periods: Sequence[Row], nodes: Sequence[Row]) -> list[Row]:
    chance = np.random.default_rng(3)
    months = [period["period_id"] for period in periods if period["period_kind"] == "month"]
    return [
        {"basis": "period", "instrument_code": INSTRUMENT, "node_code": node["node_code"], "edition_id": after,
         "previous_edition_id": before, "node_level": node["node_level"], "comparison": "previous",
         "change_pct": round(float(chance.normal(0, 3)), 6), "direction": str(chance.choice(["rise", "fall", "none", "none"])),
         "comparable": "yes", "reason_vi": None, "reason_en": None}
        for before, after in pairwise(months)
        for node in nodes
    ]  # fmt: skip


def _ranking(places: Sequence[Place], periods: Sequence[Row], shifts: dict[str, float]) -> pa.Table:
    rows = []
    for group in (place for place in places if place.level != "commune"):
        below = [p for p in places if p.parent == group.code or (group.level == "province" and p.level == "commune")]
        for level in ("district", "commune"):
            ordered = sorted((p.code for p in below if p.level == level), key=lambda code: -shifts[code])
            for period in periods:
                rows += [
                    {"basis": "period", "group_code": group.code, "group_valid_from": START, "edition_id": period["period_id"],
                     "instrument_code": INSTRUMENT, "node_code": "overall", "unit_code": code, "unit_valid_from": START,
                     "unit_level": level, "node_level": "overall", "index_rank": rank, "n_ranked": len(ordered), "n_left_out": 0,
                     "rank_low_simultaneous": max(1, rank - 4), "rank_high_simultaneous": min(len(ordered), rank + 4),
                     "left_out": None, "reason_vi": None, "reason_en": None, "hidden": False}
                    for rank, code in enumerate(ordered, 1)
                ]  # fmt: skip
    return pa.Table.from_pylist(rows)


def _plan_rows(periods: Sequence[Row], nodes: Sequence[Row]) -> list[Row]:
    items = [node["node_code"] for node in nodes if node["node_level"] == "item"][:12]
    return [
        {"period_id": period["period_id"], "instrument_code": INSTRUMENT, "node_code": code, "reason": "below_target",
         "n_forms_answered": 39, "n_answers": 40, "n_satisfied": 33, "index_pct": 82.5, "ci_low_pct": 78.1, "ci_high_pct": 86.2,
         "target_pct": 90.0, "gap_pct": 7.5, "previous_period_id": None, "change_pct": -1.25, "contribution_pct": 0.5,
         "contribution_rank": rank, "n_complaints": 4, "n_complaints_late": 1, "n_cases_late": None, "lead_vi": "Văn phòng HĐND-UBND",
         "lead_en": "Office of the People's Council", "executing_vi": "Bộ phận Một cửa", "executing_en": "One-stop desk"}
        for period in periods
        for rank, code in enumerate(items, 1)
    ]  # fmt: skip


def _evidence(nodes: Sequence[Row]) -> list[Row]:
    """Complaints about conduct bear on the first factor, late ones on the second, late cases on the first item."""
    factors = [node["node_code"] for node in nodes if node["node_level"] == "factor"]
    items = [node["node_code"] for node in nodes if node["node_level"] == "item"]
    bearing = (("complaint", factors[0], "conduct"), ("complaint_late", factors[1], "*"), ("case_late", items[0], "*"))
    return [
        {"instrument_code": INSTRUMENT, "node_code": node, "kind": kind, "complaint_class": complaint_class,
         "complaint_topic": "*", "note": None}
        for kind, node, complaint_class in bearing
    ]  # fmt: skip


def _case_rows(periods: Sequence[Row]) -> list[Row]:
    return [
        {"period_id": period["period_id"], "procedure_field": field, "n_opening": 7, "n_received": size * 90,
         "n_received_online": size * 60, "n_received_direct": size * 25, "n_received_postal": size * 4, "n_received_other": size,
         "n_settled": size * 88, "n_settled_late": size * 6, "n_settled_no_due_date": size * 2, "n_pending": 9, "n_pending_overdue": 2,
         "n_in_time": size * 80,
         "n_with_due_date": size * 86, "in_time_pct": 93.023256, "online_pct": 66.666667, "n_working_days": size * 80,
         "working_days_median": 4, "working_days_p90": 11}
        for period in periods
        for field in ("*", *_FIELDS)
        for size in [_size(period)]
    ]  # fmt: skip


def _complaint_rows(periods: Sequence[Row]) -> list[Row]:
    return [
        {"period_id": period["period_id"], "channel": channel, "class": kind, "n_opening": 3, "n_received": size * 30,
         "n_closed": size * 29, "n_closed_in_time": size * 24, "n_closed_late": size * 4, "n_closed_no_due_date": size, "n_pending": 4,
         "n_with_due_date": size * 28, "in_time_pct": 85.714286, "n_closed_in_term": size, "n_closed_past_term": 0,
         "n_in_time_or_term": size * 25, "n_with_due_date_or_term": size * 29, "in_time_or_term_pct": 86.206897,
         "n_published_in_term": size * 11, "n_published_past_term": size}
        for period in periods
        for channel in ("*", *_CHANNELS)
        for kind in ("*", *_CLASSES)
        for size in [_size(period)]
    ]  # fmt: skip


def _apology_rows(periods: Sequence[Row]) -> list[Row]:
    return [
        {"period_id": p["period_id"], "n_late": 15, "n_apology_issued": 12, "n_apology_owed": 3, "apology_pct": 80.0}
        for p in periods
    ]


def _service_rows(periods: Sequence[Row]) -> list[Row]:
    return [
        {"period_id": p["period_id"], "item_code": code, "item_vi": f"Chỉ tiêu {code}", "numerator": 80, "n_denominator": 100,
         "n_left_out": 2, "rate_pct": 80.0, "mean_days": None, "points": 4.0, "maximum_points": 5.0}
        for p in periods
        for code in ("1.1", "2.1", "3.3", "5.2")
    ]  # fmt: skip


def _status_rows(periods: Sequence[Row]) -> list[Row]:
    states = ("on_time", "on_time", "late", "on_time", "empty", "on_time", "missing")
    months = [period["period_id"] for period in periods if period["period_kind"] == "month"]
    return [
        {"dataset": dataset, "period_id": month, "submission_state": states[(number + place) % len(states)]}
        for place, dataset in enumerate(DATASETS)
        for number, month in enumerate(months)
    ]


def _rate_rows(periods: Sequence[Row]) -> list[Row]:
    return [
        {"dataset": dataset, "period_id": period["period_id"], "n_expected": 30, "n_on_time": 24, "n_late": 3, "n_empty": 1,
         "n_missing": 2, "n_empty_late": 0, "n_missing_refused": 1, "on_time_pct": 80.0, "completeness_pct": 93.333333,
         "timeliness_pct": 83.333333}
        for dataset in ("*", *DATASETS)
        for period in periods
    ]  # fmt: skip


def _quality(leaves: Sequence[str], periods: Sequence[Row]) -> pa.Table:
    months = [period["period_id"] for period in periods if period["period_kind"] == "month"]
    rows = [
        {"input_id": f"{code}-{month}-{source}", "source": source, "path": f"inbox/{source}/{month}/{code}.xlsx", "unit_code": code,
         "period_id": month, "sent_on": None, "status": "refused" if (at + int(code)) % 97 == 0 else "landed", "rows_read": 40,
         "rows_accepted": 37, "rows_quarantined": 2, "rows_duplicate": 1, "rows_superseded": 0, "rows_forgotten": 0, "rows_skipped": 1,
         "cells_changed": 12, "reason": "Không mở được tệp: tệp bị cắt cụt." if (at + int(code)) % 97 == 0 else None}
        for code in leaves
        for at, month in enumerate(months)
        for source in DATASETS
    ]  # fmt: skip
    table = pa.Table.from_pylist(rows)
    return table.set_column(table.schema.get_field_index("sent_on"), "sent_on", table["sent_on"].cast(pa.date32()))
