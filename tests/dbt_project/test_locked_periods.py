"""What waits for locked periods against a count by hand, and what locks do to the marts, on both engines."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date
from typing import Any

import pyarrow as pa
import pytest
from builds import assert_good
from landing_periods import complaints_of_half_year
from landing_sample import Sample

from assets.warehouse.dbt import _invoke
from assets.warehouse.engine import Warehouse

Row = dict[str, Any]

# The lock of the whole office and of one commune in landing_periods.
OFFICE, OFFICE_SEQ, HALF_YEAR = "01", 1, (date(2024, 12, 15), date(2025, 6, 14))
COMMUNE, COMMUNE_SEQ, JANUARY = "10441", 8, (date(2024, 12, 15), date(2025, 1, 14))
KNOWN = ("procedure_code", "procedure_field", "channel", "received_at", "due_at", "due_original_at", "unit_code")


def rows(warehouse: Warehouse, sql: str) -> list[Row]:
    return list(warehouse.query(sql).to_pylist())


def test_status_has_every_decision_with_its_times(duckdb_built: Warehouse, sample: Sample) -> None:
    found = {
        (row["unit_code"], row["period_id"]): row for row in rows(duckdb_built, "SELECT * FROM marts.period_status")
    }
    assert len(found) == len(sample.rows("period_state"))
    for row in sample.rows("period_state"):
        shown = found[(row["unit_code"], row["period_id"])]
        assert {name: shown[name] for name in row if name not in ("is_held", "figures_id")} == {
            name: value for name, value in row.items() if name not in ("is_held", "figures_id")
        }
    # The district of February is the one renamed on the first of the month.
    assert found[("282", "2025-02")]["unit_valid_from"] == date(2025, 2, 1)


def test_forms_of_a_replaced_file_are_gone_and_those_of_the_new_one_wait(
    duckdb_built: Warehouse, sample: Sample
) -> None:
    landed: Counter[int] = Counter(
        row["delivery_seq"]
        for row in sample.rows("survey_response")
        if row["unit_code"] == COMMUNE and JANUARY[0] <= row["responded_on"] <= JANUARY[1]
    )
    sql = (
        "SELECT * FROM marts.period_pending WHERE unit_code = '10441' AND dataset = 'survey_response' ORDER BY input_id"
    )
    found = {row["input_id"]: (row["n_new"], row["n_changed"], row["n_gone"]) for row in rows(duckdb_built, sql)}
    expected = {"in-9": (landed[9], 0, landed[8])}
    later = {f"in-{seq}": (number, 0, 0) for seq, number in landed.items() if seq not in (8, 9)}
    assert found == expected | later and landed[8] and landed[9]


def takes_part(case: Row, first: date, last: date) -> bool:
    """Whether a version of a case can count in a period: received, ended or pending in it."""
    if case["received_on"] > last:
        return False
    if case["state"] in ("registered", "rejected"):
        return bool(case["received_on"] >= first)
    if case["state"] in ("settled", "returned", "withdrawn"):
        end = case["settled_on"]
        return bool(max(end or case["received_on"], case["received_on"]) >= first)
    return True


def said(case: Row, last: date) -> tuple[Any, ...]:
    """What a version says of the time up to a period's end."""
    happened = [(case[f"{name}_on"], case[f"{name}_at"]) for name in ("settled", "supplement_requested")]
    happened.append((case["apologised_on"], case["apologised_on"]))
    values = [case.get(name) for name in KNOWN]
    return (*values, *(moment if day is not None and day <= last else None for day, moment in happened))


def goes_on(case: Row, last: date) -> bool:
    days = (case["settled_on"], case["supplement_requested_on"], case["apologised_on"])
    return any(day is not None and day > last for day in days)


def test_cases_wait_when_a_newer_version_says_otherwise_of_the_period(duckdb_built: Warehouse, sample: Sample) -> None:
    versions: dict[str, dict[int, Row]] = defaultdict(dict)
    for row in sample.rows("case"):
        if row["office_code"] == OFFICE:
            versions[row["record_key"]][row["delivery_seq"]] = row
    expected: Counter[str] = Counter()
    first, last = HALF_YEAR
    for of_record in versions.values():
        before, now = of_record.get(OFFICE_SEQ), of_record[max(of_record)]
        counted_then = before is not None and takes_part(before, first, last)
        counted_now = takes_part(now, first, last)
        expected["n_new"] += counted_now and not counted_then
        expected["n_gone"] += counted_then and not counted_now
        if before is not None and counted_then and counted_now:
            states = {"settled" if case["state"] == "returned" else case["state"] for case in (before, now)}
            is_open = not goes_on(before, last) and not goes_on(now, last)
            expected["n_changed"] += said(before, last) != said(now, last) or (is_open and len(states) > 1)
    sql = (
        "SELECT sum(n_new) AS n_new, sum(n_changed) AS n_changed, sum(n_gone) AS n_gone FROM marts.period_pending "
        "WHERE unit_code = '01' AND period_id = '2025-H1' AND dataset = 'case'"
    )
    [found] = rows(duckdb_built, sql)
    assert found == {name: expected[name] for name in ("n_new", "n_changed", "n_gone")}
    assert expected["n_changed"] and expected["n_gone"]


@pytest.mark.parametrize("engine", ["duckdb_built", "postgres_built"])
def test_what_was_read_again_answered_and_corrected_since_waits(
    engine: str, request: pytest.FixtureRequest, sample: Sample
) -> None:
    complaints = complaints_of_half_year(sample.rows("complaint"))
    sql = (
        "SELECT input_id, n_new, n_changed, n_gone FROM marts.period_pending "
        "WHERE unit_code = '01' AND period_id = '2025-H1' AND dataset = 'complaint'"
    )
    found = {row.pop("input_id"): tuple(row.values()) for row in rows(request.getfixturevalue(engine), sql)}
    # Four of them had been read before; of these one is read otherwise now. One is refused now.
    assert found == {"in-5": (len(complaints) - 4, 1, 1), "in-answer": (1, 0, 0), "in-cor": (0, 1, 0)}
    assert len(complaints) > 10


# What locks do: one build of the marts concerned, with figures held that differ from what the models make.

# The district has two versions; the first is in force on the month's last day.
UNIT, VERSION, MONTH, NEXT = "282", date(1900, 1, 1), "2025-01", "2025-02"
SELECTED = ["case_settlement", "complaint_handling", "sipas_ranking", "dim_reporting_period"]
ROWS = {
    "case_settlement": f"SELECT * FROM marts.case_settlement WHERE unit_code = '{UNIT}' AND period_id = '{MONTH}'",
    "complaint_handling": f"SELECT * FROM marts.complaint_handling WHERE unit_code = '{UNIT}' AND period_id = '{MONTH}'",
    "sipas_ranking": f"SELECT * FROM marts.sipas_ranking WHERE group_code = '{UNIT}' AND edition_id = '{MONTH}' "
    "AND basis = 'period'",
}


def held_figures(warehouse: Warehouse) -> dict[str, pa.Table]:
    """The figures of the month as if one case more had been pending, one complaint less settled, and other ranks found."""
    found = {mart: warehouse.query(sql).to_pylist() for mart, sql in ROWS.items()}
    [total] = [
        row for row in found["case_settlement"] if row["procedure_field"] == "*" and row["unit_valid_from"] == VERSION
    ]
    total |= {name: total[name] + 1 for name in ("n_opening", "n_pending", "n_pending_in_time")}
    # A field that newer data have not at all.
    gone = {
        name: 0 if isinstance(value, int) else None if isinstance(value, float) else value
        for name, value in total.items()
    }
    gone |= {"procedure_field": "Đã bỏ", "n_opening": 1, "n_pending": 1, "n_pending_in_time": 1}
    found["case_settlement"].append(gone | {"working_days_median": None, "working_days_p90": None})
    for row in found["sipas_ranking"]:
        row["index_rank"] = row["index_rank"] and 1
    found["complaint_handling"] = [row for row in found["complaint_handling"] if row["channel"] == "*" == row["class"]]
    tables = {}
    for mart, held in found.items():
        schema = warehouse.query(f"SELECT * FROM marts.{mart} WHERE false").schema
        tables[mart] = pa.Table.from_pylist(held, schema=schema)
    return tables


@pytest.fixture(scope="module", params=["duckdb_built", "postgres_built"])
def locked(
    request: pytest.FixtureRequest, sample: Sample
) -> Iterator[tuple[Warehouse, dict[str, pa.Table], dict[str, pa.Table]]]:
    """A warehouse whose marts hold locked figures, these figures, and the marts before; it is put back afterwards."""
    warehouse: Warehouse = request.getfixturevalue(request.param)
    before = {mart: warehouse.query(f"SELECT * FROM marts.{mart}") for mart in ROWS}
    figures = held_figures(warehouse)
    states = sample.tables["period_state"]
    locked_state = {"unit_code": UNIT, "period_id": MONTH, "status": "locked", "is_held": 1, "figures_id": "held-1"}
    others = [row for row in states.to_pylist() if (row["unit_code"], row["period_id"]) != (UNIT, MONTH)]
    # Marts that repeat sums of these are held together with them, but not here.
    rebuilt = [
        "build",
        "--exclude-resource-type",
        "unit_test",
        "--select",
        *SELECTED,
        "--exclude",
        "test_name:same_sums",
    ]
    try:
        # The sample's own locks hold what the models make.
        pairs = {(row["unit_code"] + tail, row["period_id"]) for row in others if row["is_held"] for tail in ("", "~")}
        tables = {f"locked_{mart}": pa.concat_tables([figures[mart], _rows_of(before[mart], pairs)]) for mart in ROWS}
        tables["period_state"] = pa.Table.from_pylist([*others, locked_state], schema=states.schema)
        warehouse.load(tables, {name: table.schema for name, table in tables.items()})
        assert_good(_invoke(warehouse, rebuilt, None))
        yield warehouse, figures, before
    finally:
        warehouse.load({"period_state": states}, {"period_state": states.schema})
        assert_good(_invoke(warehouse, rebuilt, None))
        for mart, table in before.items():
            assert warehouse.query(f"SELECT * FROM marts.{mart}").num_rows == table.num_rows


def _rows_of(table: pa.Table, pairs: set[tuple[str, str]]) -> pa.Table:
    kept = [
        row
        for row in table.to_pylist()
        if (row.get("group_code") or row["unit_code"], row.get("period_id") or row["edition_id"]) in pairs
        and row.get("basis") != "round"
    ]
    return pa.Table.from_pylist(kept, schema=table.schema)


def keyed(table: pa.Table) -> list[str]:
    return sorted(
        repr(row) for row in table.drop_columns("n_restated" if "n_restated" in table.column_names else []).to_pylist()
    )


@pytest.mark.parametrize("mart", sorted(ROWS))
def test_locked_rows_are_the_held_figures_and_all_others_stay(
    locked: tuple[Warehouse, dict[str, pa.Table], dict[str, pa.Table]], mart: str
) -> None:
    warehouse, figures, before = locked
    assert keyed(warehouse.query(ROWS[mart])) == keyed(figures[mart])
    assert figures[mart].num_rows and keyed(figures[mart]) != keyed(
        pa.Table.from_pylist([], schema=figures[mart].schema)
    )
    condition = ROWS[mart].split(" WHERE ")[1]
    others = warehouse.query(f"SELECT * FROM marts.{mart} WHERE NOT ({condition})")
    held = {repr(row) for row in warehouse.query(ROWS[mart]).to_pylist()}
    left = [row for row in before[mart].to_pylist() if not _is_locked(row)]
    assert keyed(others) == keyed(pa.Table.from_pylist(left, schema=before[mart].schema)) and held


def _is_locked(row: Row) -> bool:
    if "group_code" in row:
        return (row["group_code"], row["edition_id"], row["basis"]) == (UNIT, MONTH, "period")
    return (row["unit_code"], row["period_id"]) == (UNIT, MONTH)


def test_what_the_lock_holds_back_is_restated_in_the_next_opening_stock(
    locked: tuple[Warehouse, dict[str, pa.Table], dict[str, pa.Table]],
) -> None:
    warehouse, _, _ = locked
    sql = (
        f"SELECT * FROM marts.case_settlement WHERE unit_code = '{UNIT}' AND unit_valid_from = date '{VERSION}' "
        f"AND procedure_field = '*' AND period_id IN ('{MONTH}', '{NEXT}')"
    )
    month, following = sorted(rows(warehouse, sql), key=lambda row: str(row["period_id"]))
    assert following["n_restated"] == -1
    assert month["n_pending"] + following["n_restated"] == following["n_opening"]
    # The month before closed with one case less than the held figures open with.
    assert month["n_restated"] == 1
    elsewhere = rows(warehouse, f"SELECT * FROM marts.case_settlement WHERE n_restated <> 0 AND unit_code <> '{UNIT}'")
    assert elsewhere == []


def test_without_figures_held_nothing_is_restated(duckdb_built: Warehouse) -> None:
    for mart in ("case_settlement", "complaint_handling"):
        assert rows(duckdb_built, f"SELECT 1 AS one FROM marts.{mart} WHERE n_restated <> 0") == []
