"""`sipas run` on examples/real_world publishes the figures that a plain reading of the public files gives."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import numpy as np
import pytest
from public_data import DATA, needs_public_data

from assets.estimates.intervals import effective_size, korn_graubard, logit
from assets.reference.territory import units_now

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "real_world"
# First day of the communes of now.
REFORM = date(2025, 7, 1)
ROUNDS = {
    "2021-09": ("survey/kcmo_resident_survey_fy2022.csv", "q2_01_w1_by_council"),
    "2022-03": ("survey/kcmo_resident_survey_mar2022.csv", "q2_01_w2_by_council"),
}
SINCE_EVER = date(1900, 1, 1)

pytestmark = needs_public_data

Row = dict[str, str]


def read(name: str) -> list[Row]:
    with (DATA / name).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example's specs alone, run once."""
    folder = tmp_path_factory.mktemp("real") / "real_world"
    folder.mkdir()
    shutil.copy(EXAMPLE / "sipas.yml", folder)
    for name in ("sources", "reference"):
        shutil.copytree(EXAMPLE / name, folder / name)
    done = subprocess.run(
        [sys.executable, "-m", "pipelines.cli.main", "run", "--workspace", str(folder)],
        cwd=ROOT,
        env={**os.environ, "SIPAS_REAL_DATA": str(DATA), "SIPAS_KEY": "a-key-for-the-tests-of-real-input"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (folder / "printed.txt").write_text(done.stdout, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def revision(workspace: Path) -> Path:
    pointer = json.loads((workspace / "published" / "current.json").read_text(encoding="utf-8"))
    return workspace / "published" / str(pointer["path"])


@pytest.fixture(scope="module")
def marts(revision: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The analysts' database, with the open files of the same revision as schema `open`."""
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{revision / 'analyst' / 'sipas.duckdb'}' AS analyst (READ_ONLY)").fetchall()
        connection.execute("CREATE SCHEMA open").fetchall()
        for file in sorted((revision / "open" / "marts").glob("*.parquet")):
            connection.execute(f"CREATE VIEW open.{file.stem} AS FROM read_parquet('{file}')").fetchall()
        connection.execute("USE analyst").fetchall()
        yield connection


def rows(marts: duckdb.DuckDBPyConnection, sql: str, *values: object) -> list[tuple[Any, ...]]:
    return marts.execute(sql, list(values)).fetchall()


def test_the_reference_tables_of_the_sources_fit_together(workspace: Path) -> None:
    assert "[reference." not in (workspace / "printed.txt").read_text(encoding="utf-8")


# --- survey ----------------------------------------------------------------------------------------------------------

INDEX = """
    SELECT unit_code, node_code, n_forms, n_satisfied, n_answers, n_dont_know, n_missing, index_pct
    FROM marts.sipas_index WHERE instrument_code = 'kcmo' AND period_id = ?
"""


def survey_truth(file: str) -> dict[tuple[str, str], tuple[int, int, int]]:
    """Satisfied, valid and "don't know" per unit and item, for every column that is an item of the instrument."""
    with (EXAMPLE / "reference" / "instrument_item.csv").open(encoding="utf-8", newline="") as stream:
        items = [row["node_code"] for row in csv.DictReader(stream) if row["node_level"] == "item"]
    truth: defaultdict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    for form in read(file):
        for item in items:
            for unit in ("kcmo", f"kcmo-{form['counci']}"):
                count = truth[unit, item]
                count[0] += form[item] in "45"
                count[1] += form[item] in "12345"
                count[2] += form[item] == "9"
    return {key: (count[0], count[1], count[2]) for key, count in truth.items()}


@pytest.mark.parametrize("month", ROUNDS)
def test_every_item_of_both_rounds_by_council_district(marts: duckdb.DuckDBPyConnection, month: str) -> None:
    truth = survey_truth(ROUNDS[month][0])
    assert len({item for _, item in truth}) == 83
    found = {(row[0], row[1]): row for row in rows(marts, INDEX, month)}
    for key, (satisfied, valid, dont_know) in truth.items():
        row = found[key]
        assert row[3:7] == (satisfied, valid, dont_know, 0), key
        assert float(row[7]) == pytest.approx(100 * satisfied / valid, abs=1e-6)
    assert {unit for unit, _ in found} == {unit for unit, _ in truth}


def test_stated_survey_figures(marts: duckdb.DuckDBPyConnection) -> None:
    first = {(row[0], row[1]): row for row in rows(marts, INDEX, "2021-09")}
    second = {(row[0], row[1]): row for row in rows(marts, INDEX, "2022-03")}
    assert first["kcmo", "q2_01"][2:7] == (1033, 475, 1018, 15, 0)
    assert round(float(first["kcmo", "q2_01"][7]), 2) == 46.66
    assert second["kcmo", "q2_01"][2:5] == (984, 532, 976)
    assert {("kcmo", "q3_12"), ("kcmo", "q17_04")} <= set(first) & set(second)


@pytest.mark.parametrize("month", ROUNDS)
def test_district_shares_agree_with_the_reference_computation(marts: duckdb.DuckDBPyConnection, month: str) -> None:
    reference = json.loads((DATA / "survey" / "kcmo_reference_values.json").read_text(encoding="utf-8"))
    stated = reference[ROUNDS[month][1]]
    found = {row[0]: float(row[7]) for row in rows(marts, INDEX, month) if row[1] == "q2_01"}
    for district, share in zip(stated["counci"], stated["est"], strict=True):
        assert found[f"kcmo-{district}"] == pytest.approx(100 * share, abs=1e-5)


def test_open_files_carry_the_same_index(marts: duckdb.DuckDBPyConnection) -> None:
    found = rows(
        marts,
        "SELECT n_satisfied, n_answers, round(index_pct, 2) FROM memory.open.sipas_index"
        " WHERE unit_code = 'kcmo' AND node_code = 'q2_01' AND period_id = '2021-09'",
    )
    assert [(satisfied, valid, float(share)) for satisfied, valid, share in found] == [(475, 1018, 46.66)]


# Key of the reference values; degrees of freedom (forms less strata), effective n of Korn and Graubard, at most the answers,
# and their interval with it: from R's package survey 4.5 on the public files, strata being council districts.
WAVES = {
    "kcmo-wave-1": ("q2_01_w1", 1012, 1015.45, (0.435559, 0.497837)),
    "kcmo-wave-2": ("q2_01_w2", 970, 976.00, (0.513233, 0.576659)),
}


Q2_01 = """
    SELECT unit_code, estimate_pct / 100, se_pct / 100, df, n_eff, ci_low_pct / 100, ci_high_pct / 100, n_answers,
        n_forms, presentation
    FROM marts.sipas_round WHERE round_code = ? AND node_code = 'q2_01' AND breakdown = '*'
"""


@pytest.mark.parametrize("wave", WAVES)
def test_design_based_estimates_of_both_rounds(workspace: Path, wave: str) -> None:
    """In the warehouse, which keeps ten decimals of a percentage: a revision keeps six."""
    reference = json.loads((DATA / "survey" / "kcmo_reference_values.json").read_text(encoding="utf-8"))
    key, df, effective_n, published = WAVES[wave]
    [warehouse] = (workspace / "warehouse").glob("*.duckdb")
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        found = {row[0]: row[1:] for row in rows(connection, Q2_01, wave)}
    by_district = reference[f"{key}_by_council"]
    share, error, found_df, found_n, low, high, n, n_forms, presentation = found["kcmo"]
    assert share == pytest.approx(reference[key]["top2"], abs=1e-8)
    assert (found_df, presentation) == (df, "show")
    assert found_n == pytest.approx(effective_n, abs=0.005)
    assert (low, high) == pytest.approx(published, abs=5e-7)
    one, variance, degrees = np.array([share]), np.array([error**2]), np.array([df])
    uncapped = effective_size(one, variance, np.array([n]), degrees)
    # Its logit interval counts the forms without a valid answer among the degrees of freedom, its others do not.
    every_form = np.array([n_forms - len(by_district["counci"])])
    for name, (lower, upper) in (
        ("kg", korn_graubard(one, uncapped)),
        ("logit", logit(one, variance, every_form)),
    ):
        stated = reference[key][f"{name}_lo"], reference[key][f"{name}_hi"]
        assert (lower[0], upper[0]) == pytest.approx(stated, abs=1e-8), name
    capped = korn_graubard(one, np.minimum(uncapped, n))
    assert (low, high) == pytest.approx((capped[0][0], capped[1][0]), abs=1e-9)
    for place, district in enumerate(by_district["counci"]):
        assert found[f"kcmo-{district}"][0] == pytest.approx(by_district["est"][place], abs=1e-8)
        assert found[f"kcmo-{district}"][1] == pytest.approx(by_district["se"][place], abs=1e-8)


@pytest.mark.parametrize("wave", WAVES)
def test_published_estimates_are_those_of_the_warehouse(marts: duckdb.DuckDBPyConnection, wave: str) -> None:
    found = {row[0]: row for row in rows(marts, Q2_01, wave)}
    assert found["kcmo"][5:7] == pytest.approx(WAVES[wave][3], abs=5e-7)
    assert {unit for unit in found} == {"kcmo", *(f"kcmo-{district}" for district in range(1, 7))}


def test_design_of_both_rounds(marts: duckdb.DuckDBPyConnection) -> None:
    found = rows(
        marts,
        "SELECT round_code, n_forms, n_strata, n_psus, n_stages, fpc, weight_deff FROM marts.dim_survey_round ORDER BY 1",
    )
    assert found == [("kcmo-wave-1", 1033, 6, 1033, 1, "none", 1.0), ("kcmo-wave-2", 984, 6, 984, 1, "none", 1.0)]


# --- complaints ------------------------------------------------------------------------------------------------------


def boston_time(text: str) -> datetime | None:
    if not text:
        return None
    return datetime.strptime(text, "%m/%d/%Y %I:%M:%S %p").replace(tzinfo=ZoneInfo("America/New_York"))


def ward(text: str) -> str:
    return f"boston-{int(text.removeprefix('Ward ')):02d}" if text else "boston~"


def complaint_months(marts: duckdb.DuckDBPyConnection, unit: str, measures: str) -> tuple[Any, ...]:
    """Sums over the reporting months of all channels and classes of a unit."""
    listed = ", ".join(f"CAST(sum({measure}) AS BIGINT)" for measure in measures.split())
    [found] = rows(
        marts,
        f"SELECT {listed} FROM marts.complaint_handling INNER JOIN marts.dim_reporting_period USING (period_id)"
        " WHERE period_kind = 'month' AND channel = '*' AND class = '*' AND unit_code = ?",
        unit,
    )
    return found


def test_complaints_in_time_by_the_instant(marts: duckdb.DuckDBPyConnection) -> None:
    requests = read("complaints/boston311_2015_10k.csv")
    closed = [(boston_time(row["CLOSED_DT"]), boston_time(row["TARGET_DT"])) for row in requests if row["CLOSED_DT"]]
    in_time = sum(end is not None and target is not None and end <= target for end, target in closed)
    targeted = sum(target is not None for _, target in closed)
    assert (in_time, targeted, len(closed)) == (4895, 6501, 8360)
    measures = (
        "n_received n_received_no_due_date n_closed n_with_due_date n_closed_in_time n_closed_late n_closed_no_due_date"
    )
    assert complaint_months(marts, "boston", measures) == (10000, 2266, 8360, 6501, 4895, 6501 - 4895, 1859)


def test_three_spellings_of_a_ward_are_one_unit_and_no_ward_is_a_row_of_its_own(
    marts: duckdb.DuckDBPyConnection,
) -> None:
    truth = Counter(ward(row["ward"]) for row in read("complaints/boston311_2015_10k.csv"))
    assert (len(truth), truth["boston~"]) == (23, 940)
    for unit, number in truth.items():
        assert complaint_months(marts, unit, "n_received") == (number,), unit
    [(level, parent)] = rows(
        marts, "SELECT unit_level, parent_code FROM marts.dim_admin_unit WHERE unit_code = 'boston~'"
    )
    assert (level, parent) == ("unassigned", "boston")


def test_complaints_closed_seconds_before_they_open_are_kept(marts: duckdb.DuckDBPyConnection) -> None:
    found = rows(
        marts,
        "SELECT count(*), count(*) FILTER (closed_at < received_at) FROM marts.fct_complaint WHERE source = 'complaints'",
    )
    assert found == [(10000, 13)]


# --- cases -----------------------------------------------------------------------------------------------------------

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
CHANNELS = ("n_received_online", "n_received_direct", "n_received_postal", "n_received_other")
TIMELINESS = ("n_settled_early", "n_settled_on_day", "n_settled_late", "n_settled_no_due_date")
STOCK = ("n_opening", "n_received", "n_settled", "n_withdrawn", "n_pending")
MEASURES = (*STOCK, *CHANNELS, *TIMELINESS, "n_with_due_date", "n_in_time")


def permit_cases() -> list[tuple[Row, date, date | None, date]]:
    """One entry per case: a row of it, and the local days it was received, settled and due."""

    def day(text: str) -> date:
        return datetime.fromisoformat(text).astimezone(AMSTERDAM).date()

    by_id = {row["case:concept:name"]: row for row in read("cases/wabo_receipt.csv")}
    return [
        (
            row,
            day(row["case:startdate"]),
            day(row["case:enddate"]) if row["case:enddate"] else None,
            day(row["case:enddate_planned"]),
        )
        for row in by_id.values()
    ]


def month_of(day: date) -> str:
    """The month 15 → 14 a day falls in, reckoned apart from the code under test."""
    month = day.year * 12 + day.month - 1 + (day.day > 14)
    return f"{month // 12}-{month % 12 + 1:02d}"


def settlement(marts: duckdb.DuckDBPyConnection, unit: str) -> list[dict[str, Any]]:
    """The reporting months of a unit in order, all fields together."""
    found = rows(
        marts,
        f"SELECT period_id, {', '.join(MEASURES)} FROM marts.case_settlement"
        " INNER JOIN marts.dim_reporting_period USING (period_id)"
        " WHERE period_kind = 'month' AND procedure_field = '*' AND unit_code = ? ORDER BY period_id",
        unit,
    )
    return [dict(zip(["month", *MEASURES], row, strict=True)) for row in found]


def test_permit_cases_against_the_planned_day(marts: duckdb.DuckDBPyConnection) -> None:
    truth = Counter(
        "open" if end is None else "early" if end < due else "on_day" if end == due else "late"
        for _, _, end, due in permit_cases()
    )
    assert truth == {"early": 937, "on_day": 70, "late": 322, "open": 105}
    months = settlement(marts, "wabo")
    totals = {name: sum(month[name] for month in months) for name in months[0] if name != "month"}
    assert totals["n_received"] == 1434
    assert (totals["n_settled_early"], totals["n_settled_on_day"], totals["n_settled_late"]) == (937, 70, 322)
    assert (totals["n_settled"], totals["n_settled_no_due_date"], totals["n_withdrawn"]) == (1329, 0, 0)
    assert (totals["n_in_time"], totals["n_with_due_date"]) == (937 + 70, 1329)
    assert months[-1]["n_pending"] == 105
    assert [totals[channel] for channel in CHANNELS] == [1250 + 21, 109, 53, 1]


def test_flows_of_each_month_and_department(marts: duckdb.DuckDBPyConnection) -> None:
    received: Counter[tuple[str, str]] = Counter()
    settled: Counter[tuple[str, str]] = Counter()
    for row, start, end, _ in permit_cases():
        department = "wabo-" + row["case:department"].lower().replace(" ", "-")
        for unit in ("wabo", department):
            received[unit, month_of(start)] += 1
            if end is not None:
                settled[unit, month_of(end)] += 1
    for unit in ("wabo", "wabo-general", "wabo-experts", "wabo-customer-contact"):
        months = settlement(marts, unit)
        assert {m["month"]: m["n_received"] for m in months if m["n_received"]} == {
            month: number for (owner, month), number in received.items() if owner == unit
        }
        assert {m["month"]: m["n_settled"] for m in months if m["n_settled"]} == {
            month: number for (owner, month), number in settled.items() if owner == unit
        }


@pytest.mark.parametrize("unit", ["wabo", "wabo-general", "wabo-experts", "wabo-customer-contact"])
def test_stocks_carry_over(marts: duckdb.DuckDBPyConnection, unit: str) -> None:
    months = settlement(marts, unit)
    assert months[0]["n_opening"] == 0
    for month in months:
        assert (
            month["n_opening"] + month["n_received"] == month["n_settled"] + month["n_withdrawn"] + month["n_pending"]
        )
    for before, after in pairwise(months):
        number = [int(text) for text in before["month"].split("-")]
        assert month_of(date(number[0] + number[1] // 12, number[1] % 12 + 1, 1)) == after["month"]
        assert before["n_pending"] == after["n_opening"]


# --- units -----------------------------------------------------------------------------------------------------------


def in_force(marts: duckdb.DuckDBPyConnection, day: date) -> dict[str, int]:
    """Vietnamese units in force, by level: all but the three roots of this workspace and what is below them."""
    found = rows(
        marts,
        "SELECT unit_level, count(*) FROM marts.dim_admin_unit WHERE office_code IS NULL"
        " AND unit_valid_from <= ? AND (unit_valid_to IS NULL OR ? <= unit_valid_to) GROUP BY ALL",
        day,
        day,
    )
    return dict(found)


def test_official_lists_before_and_after(marts: duckdb.DuckDBPyConnection) -> None:
    before = read("admin/vn_wards_pre2025_gso_2025-01-04.csv")
    after = json.loads((DATA / "admin" / "vn_units_v3.0.2_34prov.json").read_text(encoding="utf-8"))
    communes = {row["Mã PX"] for row in before if row["Mã PX"]}
    # Named by the conversion table alone; the workspace adds them.
    communes |= {"03983", "03984", "26953", "27076"}
    assert in_force(marts, date(2025, 6, 30)) == {
        "province": len({row["Mã TP"] for row in before}),
        "district": len({row["Mã QH"] for row in before}),
        "commune": len(communes),
    }
    assert in_force(marts, date(2025, 7, 1)) == {"province": 34, "commune": 3321}
    assert (len(after), sum(len(province["Wards"]) for province in after)) == (34, 3321)


def test_an_my_and_the_two_units_called_hong_son(marts: duckdb.DuckDBPyConnection) -> None:
    found = rows(
        marts,
        "SELECT unit_code, unit_valid_from, unit_valid_to, unit_name, parent_code FROM marts.dim_admin_unit"
        " WHERE unit_code IN ('10462', '10465') ORDER BY ALL",
    )
    assert found == [
        ("10462", SINCE_EVER, date(2025, 6, 30), "Xã An Mỹ", "282"),
        ("10465", SINCE_EVER, date(2025, 6, 30), "Xã Hồng Sơn", "282"),
        ("10465", date(2025, 7, 1), None, "Xã Hồng Sơn", "01"),
    ]
    my_duc = "SELECT count(*) FROM marts.dim_admin_unit WHERE parent_code = '282' AND unit_valid_to = ?"
    assert rows(marts, my_duc, date(2025, 6, 30)) == [(20,)]


def changes_of(workspace: Path) -> list[tuple[str, str, date, str]]:
    [warehouse] = (workspace / "warehouse").glob("*.duckdb")
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return connection.execute(
            "SELECT old_code, new_code, changed_on, extent FROM landing.admin_unit_change"
        ).fetchall()


def test_the_conversion_table_becomes_changes(workspace: Path) -> None:
    with (DATA / "admin" / "vn_ward_conversion_2025_nso.csv").open(encoding="utf-8", newline="") as file:
        published = [row for row in list(csv.reader(file))[2:] if row[2]]
    assert len(published) == 10571
    with_codes = {(row[4], row[2]): " ".join(row[5].split()) for row in published if row[4]}
    island_districts = {("318", "11948"), ("471", "19742"), ("498", "20333"), ("536", "21548"), ("755", "26732")}
    found = {(old, new): extent for old, new, day, extent in changes_of(workspace) if day == date(2025, 7, 1)}
    assert set(found) == set(with_codes) | island_districts
    for key, note in with_codes.items():
        if note.startswith("Giữ nguyên"):
            expected = "unchanged"
        elif "toàn bộ dân số" in note:
            expected = "population"
        elif "một phần" in note or note.startswith("Phần còn lại") or note == "Nhập toàn bộ diện tích":
            expected = "part"
        else:
            expected = "whole"
        assert found[key] == expected, (key, note)
    assert {found[key] for key in island_districts} == {"whole"}
    assert [(old, new) for old, new in found if old == "10462"] == [("10462", "10465")]
    assert found["10462", "10465"] == "whole"
    targets = Counter(old for old, _ in found)
    assert sum(number > 1 for number in targets.values()) == 441


def test_nobody_of_the_split_units_is_lost(workspace: Path) -> None:
    """By the official table: what each of the 441 split communes leaves to communes of now adds up to exactly 1."""
    [warehouse] = (workspace / "warehouse").glob("*.duckdb")
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        units, changes = (
            connection.sql(f"SELECT * FROM landing.{name}").to_arrow_table()
            for name in ("admin_unit", "admin_unit_change")
        )
    provinces = sorted({row["code"] for row in units.to_pylist() if row["level"] == "province"})
    level = {(row["code"], row["valid_from"]): row["level"] for row in units.to_pylist()}
    last = {
        row["code"]: row["valid_from"] for row in units.to_pylist() if row["valid_to"] == REFORM - timedelta(days=1)
    }
    left: defaultdict[tuple[str, date], Decimal] = defaultdict(Decimal)
    for row in units_now(units, changes, provinces).to_pylist():
        if level[row["now_code"], row["now_valid_from"]] == "commune":
            left[row["unit_code"], row["unit_valid_from"]] += row["share"]
    targets = Counter(row["old_code"] for row in changes.to_pylist() if row["changed_on"] == REFORM)
    split = [code for code, number in targets.items() if number > 1]
    assert len(split) == 441
    assert {code: left[code, last[code]] for code in split} == dict.fromkeys(split, 1)


def test_my_duc_mergers_of_january_2025_are_overlaid(workspace: Path) -> None:
    found = sorted(row[:2] for row in changes_of(workspace) if row[2] == date(2025, 1, 1))
    assert found == [("10456", "10459"), ("10459", "10459"), ("10483", "10483"), ("10486", "10483")]


# --- where every row went --------------------------------------------------------------------------------------------


def test_every_source_row_is_accounted_for(marts: duckdb.DuckDBPyConnection) -> None:
    found = rows(
        marts,
        "SELECT source, rows_read, rows_accepted, rows_quarantined, rows_duplicate, rows_superseded, rows_skipped"
        " FROM marts.data_quality ORDER BY source, path",
    )
    assert all(row[1] == sum(row[2:6]) for row in found)
    counts = [(row[0], row[1], row[3], row[6]) for row in found]
    assert counts == [
        ("cases", 8577, 0, 0),
        ("complaints", 10000, 0, 0),
        ("survey", 1033, 0, 0),
        ("survey", 984, 0, 0),
        ("units_after", 3321, 0, 0),
        ("units_before", 10056, 0, 0),
        # The ground that belonged to no commune has no old code; 34 section rows and five island districts are skipped.
        ("units_changes", 10566, 1, 39),
        ("units_changes_islands", 5, 0, 10600),
    ]


def test_only_aggregates_are_open(revision: Path) -> None:
    open_marts = {file.stem for file in (revision / "open" / "marts").glob("*.parquet")}
    assert {"sipas_index", "case_settlement", "complaint_handling", "submission_status", "data_quality"} <= open_marts
    assert not [name for name in open_marts if name.startswith("fct_")]
