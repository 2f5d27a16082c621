"""Fixed inputs and the figures they must give: supplement time, activities, one-stop evaluation, index set 766.

Each scenario is an office of its own in one warehouse built by the real models. A row of
`tests/golden/<method>_<scenario>_input.csv` stands for records that are alike, `…_expected.csv` has the figures.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from builds import build_all
from landing_evaluation import evaluation_reference
from landing_sample import Sample, empty_sample, make_sample

from assets.reference.territory import units_now
from assets.warehouse.duckdb_engine import DuckDBWarehouse
from assets.warehouse.engine import Warehouse

Row = dict[str, Any]

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "golden"
LONG_AGO = date(1900, 1, 1)
QUARTER, MONTH, EVALUATED_ON = "2025-Q1", "2025-02", date(2025, 2, 20)
# The rate that one scenario is told; the others have none.
SYNCHRONISED = {"synchronisation": 80}


def scenarios(method: str) -> list[str]:
    return sorted(
        path.name.removesuffix("_input.csv").removeprefix(f"{method}_") for path in GOLDEN.glob(f"{method}_*_input.csv")
    )


def read(name: str) -> list[dict[str, str]]:
    with (GOLDEN / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


# Channel and day of the settlement; due and closed.
COMPUTED_CASES = {
    "direct": ("direct", "2025-02-07"),
    "online": ("online", "2025-02-07"),
    "online_late": ("online", "2025-02-11"),
    "online_overdue": ("online", ""),
}
COMPUTED_COMPLAINTS = {
    "complaints_in_time": ("2025-02-12", "2025-02-12"),
    "complaints_late": ("2025-02-12", "2025-02-13"),
    "complaints_open": ("2025-12-31", ""),
    "complaints_overdue": ("2025-02-12", ""),
}


class Landing:
    """Landed rows by table as scenarios add them."""

    def __init__(self) -> None:
        self.tables: dict[str, list[Row]] = {
            name: []
            for name in (
                "case",
                "case_step",
                "case_evaluation",
                "agency_evaluation",
                "complaint",
                "activity",
                "admin_unit",
            )
        }
        self.roots: list[str] = []

    def unit(self, code: str, level: str, parent: str) -> None:
        row = {
            "code": code,
            "valid_from": LONG_AGO,
            "valid_to": None,
            "level": level,
            "name": code,
            "parent_code": parent,
        }
        self.tables["admin_unit"].append(row)

    def record(self, table: str, office: str, values: Row) -> str:
        number = len(self.tables[table])
        key = f"{table[:12]}{number:08d}"
        self.tables[table].append(
            {"record_key": key, "input_id": "in-3", "delivery_seq": 3, "line": number + 2, "source_rows": 1}
            | {"content_hash": str(number), "source": "golden", "office_code": office, "deadline_precision": "date"}
            | {"record_id": key}
            | values
        )
        return key

    def one_stop(self, scenario: str) -> None:
        root = f"one-{scenario}"
        # Offices whose units above are not of the workspace: none is ranked against another's.
        self.unit(root, "district", f"above {root}")
        self.roots.append(root)
        rows = read(f"one_stop_band_{scenario}_input.csv")
        for name in dict.fromkeys(row["unit"] for row in rows):
            self.unit(f"{root}-{name}", "commune", root)
        for row in rows:
            placed = {"unit_code": f"{root}-{row['unit']}", "evaluated_on": EVALUATED_ON}
            form = {f"index_{index}": row[f"index_{index}"] for index in "123467"} | {"overall": row["overall"] or None}
            for _ in range(int(row["forms"])):
                self.record("case_evaluation", root, placed | form)
            for index in "589":
                if row[f"index_{index}"]:
                    score = {"index_code": index, "self_score": "0", "verified_score": row[f"index_{index}"]}
                    self.record("agency_evaluation", root, placed | score)

    def computed(self, scenario: str) -> None:
        """A form per unit, so that it is evaluated, and the cases and complaints that indices 8 and 9 follow from."""
        root = f"computed-{scenario}"
        self.unit(root, "district", f"above {root}")
        self.roots.append(root)
        received = moment("received", "2025-02-03")
        for row in read(f"one_stop_computed_{scenario}_input.csv"):
            unit = f"{root}-{row['unit']}"
            self.unit(unit, "commune", root)
            self.record("case_evaluation", root, {"unit_code": unit, "evaluated_on": EVALUATED_ON})
            for kind, (channel, settled) in COMPUTED_CASES.items():
                case: Row = {"unit_code": unit, "channel": channel, "state": "settled" if settled else "processing"}
                case |= received | moment("due", "2025-02-10") | moment("settled", settled)
                for _ in range(int(row[kind])):
                    self.record("case", root, case)
            for kind, (due, closed) in COMPUTED_COMPLAINTS.items():
                told: Row = {"unit_code": unit, "state": "done" if closed else "in_progress"}
                told |= received | moment("due", due) | moment("closed", closed)
                for _ in range(int(row[kind])):
                    self.record("complaint", root, told)

    def cases(self, method: str, scenario: str) -> None:
        root = f"{method}-{scenario}"
        self.unit(root, "commune", f"above {root}")
        self.roots.append(root)
        for row in read(f"{method}_{scenario}_input.csv"):
            case: Row = {"unit_code": root, "state": row["state"], "channel": row["channel"]}
            case["procedure_code"] = row["procedure"]
            for name in ("received", "due", "settled", "due_original"):
                case |= moment(name, row.get(f"{name}_on", ""))
            for _ in range(int(row["cases"])):
                key = self.record("case", root, case)
                for asked, returned in ((row["asked_on"], row["returned_on"]), (row["asked_again_on"], "")):
                    if asked:
                        step = {"unit_code": root, "case_key": key, "kind": "supplement"}
                        self.record("case_step", root, step | moment("started", asked) | moment("ended", returned))
                if row["complaint"]:
                    told = {"unit_code": root, "class": row["complaint"], "state": "waiting", "case_key": key}
                    self.record("complaint", root, told | moment("received", row["received_on"]))

    def activities(self, scenario: str) -> None:
        root = f"activity_compliance-{scenario}"
        self.unit(root, "commune", f"above {root}")
        self.roots.append(root)
        for row in read(f"activity_compliance_{scenario}_input.csv"):
            days = {name: date.fromisoformat(row[name]) if row[name] else None for name in ("planned_on", "held_on")}
            self.record("activity", root, {"unit_code": root, "kind": row["kind"]} | days)

    def sample(self) -> Sample:
        empty = empty_sample()
        delivery = next(row for row in make_sample().rows("input") if row["input_id"] == "in-3")
        rows = sum(len(records) for name, records in self.tables.items() if name != "admin_unit")
        delivery |= {"source": "golden", "rows_read": rows, "rows_accepted": rows}
        rates = [
            {"unit_code": f"service_quality_766-{scenario}", "period_id": MONTH, "rate_pct": rate, "basis": None}
            for scenario, rate in SYNCHRONISED.items()
        ]
        # P5 has a term of five working days, P1 none; one of the two is offered online.
        procedures = [
            {"code": "P1", "name": "P1", "online_level": "full"},
            {"code": "P5", "name": "P5", "term_days": 5, "term_kind": "working", "online_level": "information"},
        ]
        landed = self.tables | evaluation_reference() | {"synchronisation_rate": rates, "procedure": procedures}
        landed |= {"input": [delivery], "office_root": [{"office_code": root} for root in self.roots]}
        tables = {name: pa.Table.from_pylist(rows, schema=empty.schemas[name]) for name, rows in landed.items()}
        tables = empty.tables | tables
        tables["unit_now"] = units_now(tables["admin_unit"], tables["admin_unit_change"], self.roots)
        return Sample(tables, empty.schemas)


def moment(name: str, text: str) -> Row:
    day = date.fromisoformat(text) if text else None
    return {f"{name}_on": day, f"{name}_at": datetime.combine(day, time(3)) if day else None}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    landing = Landing()
    for scenario in scenarios("one_stop_band"):
        landing.one_stop(scenario)
    for method in ("service_quality_766", "case_supplement_basis"):
        for scenario in scenarios(method):
            landing.cases(method, scenario)
    for scenario in scenarios("one_stop_computed"):
        landing.computed(scenario)
    for scenario in scenarios("activity_compliance"):
        landing.activities(scenario)
    warehouse = DuckDBWarehouse(tmp_path_factory.mktemp("golden") / "sipas.duckdb")
    build_all(warehouse, landing.sample())
    yield warehouse
    warehouse.close()


def as_text(value: Any) -> str:
    return "" if value is None else f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


@pytest.mark.parametrize("scenario", scenarios("one_stop_band"))
def test_one_stop_band(scenario: str, built: Warehouse) -> None:
    expected = read(f"one_stop_band_{scenario}_expected.csv")
    root = f"one-{scenario}"
    rows = built.query(
        f"SELECT * FROM marts.one_stop_evaluation WHERE unit_code LIKE '{root}%' AND period_id = '{QUARTER}'"
    ).to_pylist()
    found = {
        (row["unit_code"].removeprefix(root).removeprefix("-") or "root", row["weighting"]): {
            name: as_text(row[name]) for name in expected[0] if name not in ("unit", "weighting")
        }
        for row in rows
    }
    for row in expected:
        assert found[(row.pop("unit"), row.pop("weighting"))] == row


@pytest.mark.parametrize("scenario", scenarios("one_stop_computed"))
def test_one_stop_computed(scenario: str, built: Warehouse) -> None:
    expected = read(f"one_stop_computed_{scenario}_expected.csv")
    root = f"computed-{scenario}-"
    rows = built.query(
        f"SELECT * FROM marts.one_stop_evaluation WHERE unit_code LIKE '{root}%' AND period_id = '{QUARTER}'"
        " AND weighting = 'forms'"
    ).to_pylist()
    found = {row["unit_code"].removeprefix(root): row for row in rows}
    assert [
        {"unit": row["unit"]} | {name: as_text(found[row["unit"]][name]) for name in ("index_8", "index_9")}
        for row in expected
    ] == expected


@pytest.mark.parametrize("scenario", scenarios("service_quality_766"))
def test_service_quality_766(scenario: str, built: Warehouse) -> None:
    assert_figures(built, "service_quality_766", scenario, "item_code", MONTH)


@pytest.mark.parametrize("scenario", scenarios("case_supplement_basis"))
def test_case_supplement_basis(scenario: str, built: Warehouse) -> None:
    assert_figures(built, "case_supplement_basis", scenario, "basis", QUARTER)


@pytest.mark.parametrize("scenario", scenarios("activity_compliance"))
def test_activity_compliance(scenario: str, built: Warehouse) -> None:
    assert_figures(built, "activity_compliance", scenario, "kind", "2025")


def assert_figures(built: Warehouse, mart: str, scenario: str, key: str, period: str) -> None:
    """The rows of the scenario's one unit, by the key, have the figures expected."""
    expected = read(f"{mart}_{scenario}_expected.csv")
    rows = built.query(
        f"SELECT * FROM marts.{mart} WHERE unit_code = '{mart}-{scenario}' AND period_id = '{period}'"
    ).to_pylist()
    found = {row[key]: {name: as_text(row[name]) for name in expected[0]} for row in rows}
    assert [found[row[key]] for row in expected] == expected
