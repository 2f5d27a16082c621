"""A small warehouse with the marts' real columns, made by rule, and the dbt manifest that describes it."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

ROOT = "282"
START = date(1900, 1, 1)
NAMES = [
    "Thị trấn Đại Nghĩa", "Xã An Mỹ", "Xã An Phú", "Xã An Tiến", "Xã Bột Xuyên", "Xã Đại Hưng", "Xã Đốc Tín", "Xã Đồng Tâm",
    "Xã Hồng Sơn", "Xã Hợp Thanh", "Xã Hợp Tiến", "Xã Hùng Tiến", "Xã Hương Sơn", "Xã Lê Thanh", "Xã Mỹ Thành", "Xã Phù Lưu Tế",
    "Xã Phúc Lâm", "Xã Phùng Xá", "Xã Thượng Lâm", "Xã Tuy Lai", "Xã Vạn Kim", "Xã Xuy Xá",
]  # fmt: skip

TYPES = {"text": pa.string(), "int": pa.int64(), "double": pa.float64(), "date": pa.date32(),
         "instant": pa.timestamp("us")}  # fmt: skip
# name -> audience, n_column, columns; a column is name, type, k (key), f (figure, hidden) or "" and its format
Spec = tuple[str, str | None, list[tuple[str, str, str, str | None]]]


def _figures(*names: str, kind: str = "int", form: str = "count") -> list[tuple[str, str, str, str | None]]:
    return [(name, kind, "f", form) for name in names]


UNIT: list[tuple[str, str, str, str | None]] = [
    ("unit_code", "text", "k", "text"),
    ("unit_valid_from", "date", "k", "date"),
]
PERIOD: tuple[str, str, str, str | None] = ("period_id", "text", "k", "text")
REFERENCES = {
    "dim_admin_unit": ["unit_code", "unit_valid_from"],
    "dim_reporting_period": ["period_id"],
    "dim_instrument_item": ["instrument_code", "node_code"],
}
SPECS: dict[str, Spec] = {
    "dim_admin_unit": ("open", None, [*UNIT, ("unit_valid_to", "date", "", "date"), ("unit_level", "text", "", "text"),
                       ("unit_name", "text", "", "text"), ("parent_code", "text", "", "text"),
                       ("parent_valid_from", "date", "", "date"), ("office_code", "text", "", "text")]),
    "dim_reporting_period": ("open", None, [PERIOD, ("period_kind", "text", "", "text"), ("year", "int", "", None),
                             ("starts_on", "date", "", "date"), ("ends_on", "date", "", "date"),
                             ("first_month_id", "text", "", "text"), ("last_month_id", "text", "", "text"),
                             ("label_vi", "text", "", "text"), ("label_en", "text", "", "text")]),
    "dim_instrument_item": ("open", None, [("instrument_code", "text", "k", "text"), ("instrument_name_vi", "text", "", "text"),
                            ("instrument_name_en", "text", "", "text"), ("node_code", "text", "k", "text"),
                            ("node_level", "text", "", "text"), ("parent_code", "text", "", "text"), ("position", "int", "", None),
                            ("label_vi", "text", "", "text"), ("label_en", "text", "", "text")]),
    "sipas_index": ("open", "n_answers", [*UNIT, PERIOD, ("instrument_code", "text", "k", "text"), ("node_code", "text", "k", "text"),
                    ("node_level", "text", "", "text"), *_figures("n_forms", "n_answers", "n_satisfied", "n_dont_know", "n_missing"),
                    *_figures("index_pct", "estimate_pct", "se_pct", "ci_low_pct", "ci_high_pct", kind="double", form="percent"),
                    ("method", "text", "", "text")]),
    "case_settlement": ("open", "n_settled", [*UNIT, PERIOD, ("procedure_field", "text", "k", "text"),
                        *_figures("n_opening", "n_received", "n_settled", "n_in_time", "n_settled_late", "n_settled_no_due_date",
                                  "n_withdrawn", "n_pending", "n_with_due_date"),
                        *_figures("in_time_pct", kind="double", form="percent")]),
    "complaint_handling": ("open", "n_closed", [*UNIT, PERIOD, ("channel", "text", "k", "text"), ("class", "text", "k", "text"),
                           *_figures("n_opening", "n_received", "n_closed", "n_closed_in_time", "n_closed_late",
                                     "n_closed_no_due_date", "n_pending", "n_with_due_date"),
                           *_figures("in_time_pct", kind="double", form="percent")]),
    "submission_status": ("open", None, [*UNIT, ("dataset", "text", "k", "text"), PERIOD, ("submission_state", "text", "", "text"),
                          ("due_on", "date", "", "date"), ("first_sent_on", "date", "", "date"), ("n_inputs", "int", "", "count")]),
    "data_quality": ("open", None, [("input_id", "text", "k", "text"), ("source", "text", "", "text"), ("path", "text", "", "text"),
                     ("unit_code", "text", "", "text"), ("period_id", "text", "", "text"), ("sent_on", "date", "", "date"),
                     ("status", "text", "", "text"),
                     *[(name, "int", "", "count") for name in ("rows_read", "rows_accepted", "rows_quarantined", "rows_duplicate",
                                                               "rows_superseded", "rows_forgotten", "rows_skipped")],
                     ("reason", "text", "", "text")]),
    "fct_case": ("analyst", None, [("case_id", "int", "k", None), *[(n, t, "", f) for n, t, _, f in UNIT],
                 ("month_id", "text", "", "text"), ("received_at", "instant", "", None), ("received_on", "date", "", "date"),
                 ("score", "double", "", None)]),
    "fct_survey_answer": ("analyst", None, [("response_id", "int", "k", None), ("item_code", "text", "k", "text"),
                          ("level", "text", "", "text")]),
}  # fmt: skip


def make_manifest() -> dict[str, Any]:
    nodes: dict[str, Any] = {}
    for name, (audience, n_column, columns) in SPECS.items():
        meta = {"audience": audience, "label_vi": f"Bảng {name}", "label_en": f"Table {name}"}
        meta["description_vi"] = f"Mỗi dòng là một khóa của {name}."
        nodes[f"model.sipas.{name}"] = {
            "name": name,
            "resource_type": "model",
            "schema": "marts",
            "description": f"One row per key of {name}.\nIt's for tests.",
            "config": {"meta": meta | ({"n_column": n_column} if n_column else {})},
            "columns": {
                column: {
                    "name": column,
                    "description": f"What {column} is",
                    "data_type": kind,
                    "config": {
                        "meta": {"label_vi": f"Cột {column}", "label_en": f"Column {column}", "hide": role == "f"}
                        | {"description_vi": f"Nghĩa của {column}"}
                        | ({"format": form} if form else {})
                    },
                }
                for column, kind, role, form in columns
            },
        }
        nodes[f"test.sipas.unique_grain_{name}"] = {
            "name": f"unique_grain_{name}",
            "resource_type": "test",
            "attached_node": f"model.sipas.{name}",
            "test_metadata": {
                "name": "unique_grain",
                "kwargs": {"columns": [c for c, _, role, _ in columns if role == "k"]},
            },
        }
    for name, (*_, columns) in SPECS.items():
        names = {column for column, *_ in columns}
        for target, key in REFERENCES.items():
            if name != target and set(key) <= names and name != "data_quality":
                nodes[f"test.sipas.refers_to_{name}_{target}"] = {
                    "name": f"refers_to_{name}_{target}",
                    "resource_type": "test",
                    "attached_node": f"model.sipas.{name}",
                    "test_metadata": {
                        "name": "refers_to",
                        "kwargs": {"columns": key, "to": f"ref('{target}')", "to_columns": key},
                    },
                }
    nodes["model.sipas.stg_case"] = {"name": "stg_case", "resource_type": "model", "schema": "staging", "columns": {}}
    return {"nodes": nodes}


def arrow_schema(mart: str) -> pa.Schema:
    return pa.schema([(name, TYPES[kind]) for name, kind, _, _ in SPECS[mart][2]])


@dataclass
class Warehouse:
    """A DuckDB file with schema marts, asked as the pipeline asks it."""

    connection: duckdb.DuckDBPyConnection

    def query(self, sql: str) -> pa.Table:
        return self.connection.sql(sql).to_arrow_table()

    def execute(self, sql: str) -> None:
        self.connection.execute(sql).fetchall()

    def rows(self, sql: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.query(sql).to_pylist()
        return rows


def build_warehouse(path: Path, units: int, months: int, fact_rows: int = 60) -> Warehouse:
    """Figures by rule: unit 2 has few forms and hardly any case; the pseudo unit has a few complaints."""
    chance = random.Random(1)
    names = NAMES[:units]
    tables: dict[str, list[dict[str, Any]]] = {name: [] for name in SPECS}
    keys = [(ROOT, "Huyện Mỹ Đức", "district", "01"), *[(f"{10441 + 3 * i:05d}", n, "commune", ROOT) for i, n in enumerate(names)],
            (f"{ROOT}~", "Chưa rõ đơn vị (Huyện Mỹ Đức)", "unassigned", ROOT)]  # fmt: skip
    for code, name, level, parent in [("01", "Thành phố Hà Nội", "province", None), *keys]:
        tables["dim_admin_unit"].append(
            {"unit_code": code, "unit_valid_from": START, "unit_valid_to": date(2025, 6, 30) if level == "commune" else None,
             "unit_level": level, "unit_name": name, "parent_code": parent, "parent_valid_from": START if parent else None,
             "office_code": ROOT if level != "province" else None}
        )  # fmt: skip
    ids = [f"2023-{month:02d}" for month in range(1, months + 1)]
    for month in ids:
        number = int(month[-2:])
        tables["dim_reporting_period"].append(
            {"period_id": month, "period_kind": "month", "year": 2023,
             "starts_on": date(2023, number - 1, 15) if number > 1 else date(2022, 12, 15), "ends_on": date(2023, number, 14),
             "first_month_id": month, "last_month_id": month, "label_vi": f"Tháng {number}/2023",
             "label_en": f"{date(2023, number, 1):%B} 2023"}
        )  # fmt: skip
    tables["dim_reporting_period"].append(
        {"period_id": "2023", "period_kind": "year", "year": 2023, "starts_on": date(2022, 12, 15), "ends_on": date(2023, 12, 14),
         "first_month_id": ids[0], "last_month_id": ids[-1], "label_vi": "Năm 2023", "label_en": "2023"}
    )  # fmt: skip
    nodes = [("T", "overall", None, "Chung", "Overall"), ("I", "factor", "T", "Tiếp cận dịch vụ", "Access"),
             ("I.1", "item", "I", "=1+1 trụ sở gọn gàng, sạch sẽ", "Tidy office <b>"),
             ("I.2", "item", "I", "Trang thiết bị đầy đủ, dễ sử dụng", "Equipment")]  # fmt: skip
    for position, (code, level, parent, vi, en) in enumerate(nodes):
        tables["dim_instrument_item"].append(
            {"instrument_code": "HN2023", "instrument_name_vi": "Phiếu 21 tiêu chí", "instrument_name_en": "The 21 criteria",
             "node_code": code, "node_level": level, "parent_code": parent, "position": position, "label_vi": vi, "label_en": en}
        )  # fmt: skip
    leaves = [key[0] for key in keys[1:]]
    for period in [*ids, "2023"]:
        for code, level, *_ in nodes:
            sums = [0] * 5
            for i, unit in enumerate(leaves):
                forms = (0 if unit.endswith("~") else 1 if i == 2 else chance.randint(15, 60)) * (
                    months if period == "2023" else 1
                )
                answers = max(forms * {"overall": 2, "factor": 2, "item": 1}[level] - chance.randint(0, 3), 0)
                unknown = chance.randint(0, 2) if answers else 0
                figures = [forms, answers, round(answers * chance.uniform(0.7, 0.98)), unknown, 2 if forms else 0]
                sums = [a + b for a, b in zip(sums, figures, strict=True)]
                tables["sipas_index"].append(_index_row(unit, period, code, level, figures))
            tables["sipas_index"].append(_index_row(ROOT, period, code, level, sums))
        for mart, factor, group in [
            ("case_settlement", 4, {"procedure_field": "*"}),
            ("complaint_handling", 1, {"channel": "*", "class": "*"}),
        ]:
            total = [0] * 5
            for i, unit in enumerate(leaves):
                size = (3 if unit.endswith("~") else 2 if i == 2 else chance.randint(12, 40)) * factor
                size *= months if period == "2023" else 1
                late, none = round(size * chance.uniform(0, 0.2)), round(size * chance.uniform(0, 0.1))
                counts = [size + 3, size - late - none, late, none, 3]
                total = [a + b for a, b in zip(total, counts, strict=True)]
                tables[mart].append(_rate_row(mart, unit, period, counts) | group)
            tables[mart].append(_rate_row(mart, ROOT, period, total) | group)
    for dataset in ("case", "complaint", "survey_response"):
        for unit in leaves[:-1]:
            for month in ids:
                state = chance.choices(["on_time", "late", "missing", "empty"], [20, 3, 2, 1])[0]
                sent = None if state == "missing" else date(2023, int(month[-2:]), 16)
                tables["submission_status"].append(
                    {"unit_code": unit, "unit_valid_from": START, "dataset": dataset, "period_id": month, "submission_state": state,
                     "due_on": date(2023, int(month[-2:]), 16), "first_sent_on": sent, "n_inputs": int(sent is not None)}
                )  # fmt: skip
                if dataset == "survey_response" and sent:
                    refused = chance.random() < 0.03
                    tables["data_quality"].append(
                        {"input_id": f"{unit}-{month}", "source": "phieu_xa", "path": f"inbox/khao_sat/{month}/{unit}.xlsx",
                         "unit_code": unit, "period_id": month, "sent_on": sent, "status": "refused" if refused else "landed",
                         "rows_read": 0 if refused else 34, "rows_accepted": 0 if refused else 30,
                         "rows_quarantined": 0 if refused else 2, "rows_duplicate": 0 if refused else 1,
                         "rows_superseded": 0 if refused else 1, "rows_forgotten": 0, "rows_skipped": 1,
                         "reason": "Không mở được tệp: tệp bị cắt cụt. Xin gửi lại." if refused else None}
                    )  # fmt: skip
    for i in range(fact_rows):
        tables["fct_case"].append(
            {"case_id": i + 1, "unit_code": leaves[i % len(leaves)], "unit_valid_from": START,
             "month_id": None if i == 7 else ids[i % len(ids)], "received_at": datetime(2023, 1, 2, 3, 4) + timedelta(hours=i),
             "received_on": date(2023, 1, 2), "score": 1 / (i + 3)}
        )  # fmt: skip
        tables["fct_survey_answer"].append({"response_id": i + 1, "item_code": "I.1", "level": str(i % 5 + 1)})
    connection = duckdb.connect(str(path))
    connection.execute("create schema marts").fetchall()
    for name, rows in tables.items():
        chance.shuffle(rows)  # the publication must not depend on the order in the warehouse
        connection.register("incoming", pa.Table.from_pylist(rows, schema=arrow_schema(name)))
        connection.execute(f"create table marts.{name} as select * from incoming").fetchall()
        connection.unregister("incoming")
    return Warehouse(connection)


def _index_row(unit: str, period: str, node: str, level: str, figures: list[int]) -> dict[str, Any]:
    forms, answers, satisfied, unknown, missing = figures
    pct = 100 * satisfied / answers if answers else None
    se = (pct * (100 - pct) / answers) ** 0.5 if pct is not None else None
    low, high = (pct - 1.96 * se, pct + 1.96 * se) if pct is not None and se is not None else (None, None)
    return {"unit_code": unit, "unit_valid_from": START, "period_id": period, "instrument_code": "HN2023", "node_code": node,
            "node_level": level, "n_forms": forms, "n_answers": answers, "n_satisfied": satisfied, "n_dont_know": unknown,
            "n_missing": missing, "index_pct": pct, "estimate_pct": pct, "se_pct": se, "ci_low_pct": low, "ci_high_pct": high,
            "method": "srs"}  # fmt: skip


def _rate_row(mart: str, unit: str, period: str, counts: list[int]) -> dict[str, Any]:
    received, in_time, late, none, pending = counts
    row = {"unit_code": unit, "unit_valid_from": START, "period_id": period, "n_opening": 0, "n_received": received,
           "n_pending": pending, "n_with_due_date": in_time + late, "in_time_pct": 100 * in_time / (in_time + late)}  # fmt: skip
    if mart == "case_settlement":
        return row | {"n_settled": in_time + late + none, "n_in_time": in_time, "n_settled_late": late,
                      "n_settled_no_due_date": none, "n_withdrawn": 0}  # fmt: skip
    return row | {"n_closed": in_time + late + none, "n_closed_in_time": in_time, "n_closed_late": late,
                  "n_closed_no_due_date": none}  # fmt: skip
