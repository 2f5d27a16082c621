"""The demo, whole: what the pipeline publishes against what the simulator says it planted."""

from __future__ import annotations

import hashlib
import io
import json
import re
import subprocess
import sys
from collections import Counter
from fractions import Fraction
from math import floor
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest
from said import texts

from assets.disclosure.plan import make_plan
from assets.disclosure.rules import DisclosureRules
from pipelines.simulate import simulate

CASE_COUNTS = [
    "n_opening",
    "n_received",
    "n_received_online",
    "n_received_direct",
    "n_received_postal",
    "n_settled",
    "n_settled_early",
    "n_settled_on_day",
    "n_settled_late",
    "n_settled_no_due_date",
    "n_withdrawn",
    "n_pending",
    "n_pending_supplement",
    "n_unplaced_no_end",
]
COMPLAINT_COUNTS = [
    "n_opening",
    "n_received",
    "n_received_no_due_date",
    "n_closed",
    "n_closed_in_time",
    "n_closed_late",
    "n_closed_no_due_date",
    "n_pending",
    "n_pending_overdue",
    "n_pending_no_due_date",
    "n_with_due_date",
]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo") / "my_duc"
    simulate(folder)
    done = subprocess.run(
        [sys.executable, "-m", "pipelines.cli.main", "run", "--workspace", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def truth(workspace: Path) -> dict[str, Any]:
    return json.loads((workspace / "truth.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def marts(workspace: Path):
    pointer = json.loads((workspace / "published" / "current.json").read_text(encoding="utf-8"))
    database = workspace / "published" / pointer["path"] / "analyst" / "sipas.duckdb"
    with duckdb.connect(str(database), read_only=True) as connection:
        yield lambda sql: connection.execute(sql).fetchall()


TABLES = {
    "mot_cua": "ho_so",
    "bo_sung": "HoSoBoSung",
    "phieu_khao_sat": "PhieuKhaoSat",
    "danh_gia_co_quan": "DanhGiaCoQuan",
}


def ledger_name(file: dict[str, Any]) -> str:
    """The path a file has in the ledger; a table of a database stands there under its name and source."""
    source = file["source"]
    return f"{TABLES[source]}@{source}" if source in TABLES else file["path"]


def test_no_hidden_count_lacks_partners(workspace: Path) -> None:
    """Not in December 2022 either, whose cases are the stock that the demo's first month opens with."""
    current = (
        workspace / "published" / json.loads((workspace / "published" / "current.json").read_text("utf-8"))["path"]
    )
    with duckdb.connect(str(workspace / "warehouse" / "sipas.duckdb"), read_only=True) as connection:
        marts = "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'marts'"
        tables = [name for (name,) in connection.execute(marts).fetchall()]
        plan = make_plan(lambda sql: connection.sql(sql).to_arrow_table(), tables, DisclosureRules(), None)
    assert plan.short == 0 and plan.tables
    for table in ("case_settlement", "case_apology", "complaint_handling", "service_quality_766"):
        shown = duckdb.sql(f"SELECT min(period_id) FROM '{current}/open/marts/{table}.parquet'").fetchall()
        assert shown == [("2023",)], table


def test_every_file_ends_as_planted(truth, marts) -> None:
    counted = {
        row[0]: row[1:]
        for row in marts(
            "SELECT path, status, rows_read, rows_accepted, rows_quarantined, rows_duplicate, rows_superseded, "
            "rows_skipped FROM marts.data_quality"
        )
    }
    planted = {
        ledger_name(file): (
            file["status"],
            file["read"],
            file["accepted"],
            file["quarantined"],
            file["duplicate"],
            file["superseded"],
            file["skipped"],
        )
        for file in truth["files"]
    }
    assert counted == planted


def test_every_cell_written_otherwise_is_counted(truth, marts) -> None:
    """Decomposed Unicode, dd/mm/yyyy and decimal commas, cell by cell and file by file."""
    counted = {
        (path, kind): cells
        for path, kind, cells in marts(
            "SELECT q.path, c.change_kind, c.n_cells FROM marts.data_quality_change AS c "
            "INNER JOIN marts.data_quality AS q USING (input_id)"
        )
    }
    planted = {
        (ledger_name(file), kind): cells for file in truth["files"] for kind, cells in file["changes"].items() if cells
    }
    assert counted == planted
    assert {kind for _, kind in planted} == {"text.nfc", "date.stated_format", "number.decimal_comma"}
    assert marts("SELECT sum(cells_changed) FROM marts.data_quality") == [(sum(planted.values()),)]


def test_every_planted_fault_is_caught_by_its_rule(truth, marts) -> None:
    counted: Counter[tuple[str, str]] = Counter()
    for path, rule, severity, rows in marts(
        "SELECT q.path, r.rule_id, r.severity, r.n_rows FROM marts.data_quality_rule AS r "
        "INNER JOIN marts.data_quality AS q USING (input_id)"
    ):
        if severity != "reject":
            counted[(path, rule)] += rows
    planted: Counter[tuple[str, str]] = Counter()
    for file in truth["files"]:
        for kind in ("rules", "warnings"):
            for rule, rows in file[kind].items():
                planted[(ledger_name(file), rule)] += rows
    assert counted == planted


def test_refused_files_say_why(truth, marts) -> None:
    counted = dict(
        marts(
            "SELECT q.path, r.rule_id FROM marts.data_quality_rule AS r "
            "INNER JOIN marts.data_quality AS q USING (input_id) WHERE r.severity = 'reject'"
        )
    )
    assert counted == {file["path"]: file["refused_by"] for file in truth["files"] if file["refused_by"]}


def test_quarantined_rows_stand_where_they_were_planted(truth, workspace: Path) -> None:
    with duckdb.connect() as connection:
        found = connection.execute(
            "SELECT path, coalesce(sheet, ''), line, r.rule FROM (SELECT path, sheet, line, unnest(rules) AS r "
            "FROM read_parquet(?, union_by_name = true))",
            [str(workspace / "quarantine" / "*" / "*.parquet")],
        ).fetchall()
    planted = Counter(
        (
            ledger_name({"source": "mot_cua" if item["path"].endswith(".sqlite") else "", "path": item["path"]}),
            item["sheet"] or "",
            item["line"],
            item["rule"],
        )
        for item in truth["planted"]
    )
    # Each kind of fault is listed in the truth up to a limit; what is listed must all be found.
    assert not planted - Counter(tuple(row) for row in found)
    assert len(found) == sum(sum(file["rules"].values()) for file in truth["files"])


def test_survey_counts_per_unit_month_and_item(truth, marts) -> None:
    counted = {
        row[:3]: row[3:]
        for row in marts(
            "SELECT unit_code, period_id, node_code, n_forms, n_answers, n_satisfied, n_missing FROM marts.sipas_index "
            "WHERE node_level = 'item' AND length(period_id) = 7 AND period_id LIKE '____-__' AND unit_code <> '282' "
            "AND period_id NOT LIKE '%-Q%' AND period_id NOT LIKE '%-H%' AND period_id NOT LIKE '%-9M' AND n_forms > 0"
        )
    }
    planted = {
        (cell["unit"], cell["period"], item): (
            cell["forms"],
            figures["answers"],
            figures["satisfied"],
            figures["missing"],
        )
        for cell in truth["survey"]
        for item, figures in cell["items"].items()
    }
    assert counted == planted


def test_decimal_commas_are_read(truth, workspace: Path) -> None:
    """Every accepted form weighs one, however it was typed; read otherwise the forms would stand in quarantine."""
    with duckdb.connect() as connection:
        [(weights, forms)] = connection.execute(
            "SELECT list(DISTINCT weight), count(*) FROM read_parquet(?, union_by_name = true)",
            [str(workspace / "landing" / "survey_response" / "*.parquet")],
        ).fetchall()
    assert weights == [1] and 0 < truth["text"]["decimal_comma_forms"] < forms


def test_official_percentage_of_the_district_year(truth, marts) -> None:
    [(answers, satisfied, index)] = marts(
        "SELECT n_answers, n_satisfied, index_pct FROM marts.sipas_index "
        "WHERE unit_code = '282' AND period_id = '2023' AND node_level = 'overall'"
    )
    assert answers == sum(cell["answers"] for cell in truth["survey"])
    assert satisfied == sum(cell["satisfied"] for cell in truth["survey"])
    # Published figures are rounded to six decimals.
    assert index == pytest.approx(100 * satisfied / answers, abs=5.1e-7)


def test_case_counts_per_unit_and_month(truth, marts) -> None:
    columns = ", ".join(CASE_COUNTS)
    counted = {
        row[:2]: row[2:]
        for row in marts(
            f"SELECT unit_code, period_id, {columns} FROM marts.case_settlement INNER JOIN marts.dim_reporting_period "
            "USING (period_id) WHERE procedure_field = '*' AND period_kind = 'month' AND unit_code NOT IN ('282', '282~')"
        )
    }
    planted = {(cell["unit"], cell["period"]): tuple(cell[name] for name in CASE_COUNTS) for cell in truth["cases"]}
    assert {key: row for key, row in counted.items() if any(row)} == {
        key: row for key, row in planted.items() if any(row)
    }


def test_complaint_counts_per_unit_and_month(truth, marts) -> None:
    columns = ", ".join(COMPLAINT_COUNTS)
    counted = {
        row[:2]: row[2:]
        for row in marts(
            f"SELECT unit_code, period_id, {columns} FROM marts.complaint_handling INNER JOIN "
            "marts.dim_reporting_period USING (period_id) "
            "WHERE channel = '*' AND class = '*' AND period_kind = 'month' AND unit_code <> '282'"
        )
    }
    planted = {
        (cell["unit"], cell["period"]): tuple(cell[name] for name in COMPLAINT_COUNTS) for cell in truth["complaints"]
    }
    assert {key: row for key, row in counted.items() if any(row)} == {
        key: row for key, row in planted.items() if any(row)
    }


def test_evaluation_per_unit_and_quarter(truth, marts) -> None:
    counted = {
        row[:3]: row[3:]
        for row in marts(
            "SELECT unit_code, period_id, index_code, mean_points, n_scored, source FROM marts.one_stop_index "
            "WHERE weighting = 'forms' AND period_id LIKE '%-Q%' AND unit_code NOT LIKE '282%' "
            "AND source <> 'none' AND (index_code NOT IN ('8', '9') OR source IN ('agency', 'verified'))"
        )
    }
    planted = {
        (cell["unit"], cell["period"], index): (
            rounded(Fraction(cell[f"points_{index}"], cell[f"n_{index}"])),
            cell[f"n_{index}"],
            "computed" if index == "1" else "form",
        )
        for cell in truth["evaluations"]
        for index in "123467"
        if cell.get(f"n_{index}")
    }
    planted |= {
        (cell["unit"], cell["period"], cell["index"]): (cell["points"], 0, cell["source"])
        for cell in truth["agency_scores"]
    }
    assert counted == planted
    levels = ["n_forms", "n_very_satisfied", "n_satisfied", "n_dissatisfied"]
    counted = {
        row[:2]: row[2:]
        for row in marts(
            f"SELECT unit_code, period_id, {', '.join(levels)} FROM marts.one_stop_evaluation "
            "WHERE weighting = 'forms' AND period_id LIKE '%-Q%' AND unit_code NOT LIKE '282%' AND n_forms > 0"
        )
    }
    assert counted == {
        (cell["unit"], cell["period"]): tuple(cell.get(name, 0) for name in levels) for cell in truth["evaluations"]
    }
    ranks = marts(
        "SELECT count(rank), count(DISTINCT band) FROM marts.one_stop_evaluation "
        "WHERE weighting = 'forms' AND period_id = '2023' AND unit_code NOT LIKE '282%'"
    )
    assert ranks[0][0] == len(truth["units"]) and ranks[0][1] >= 1


def rounded(mean: Fraction) -> float:
    """Half up to two decimals."""
    return floor(100 * mean + Fraction(1, 2)) / 100


def test_submissions(truth, marts) -> None:
    counted = {
        (unit, period): (state, str(due), str(first) if first else None)
        for unit, period, state, due, first in marts(
            "SELECT unit_code, period_id, submission_state, due_on, first_sent_on FROM marts.submission_status"
        )
    }
    planted = {
        (item["unit"], item["period"]): (item["state"], item["due_on"], item["first_sent_on"])
        for item in truth["submissions"]
    }
    assert {key: counted.get(key) for key in planted} == planted


def test_the_same_input_again_publishes_nothing_new(workspace: Path) -> None:
    before = (workspace / "published" / "current.json").read_bytes()
    done = subprocess.run(
        [sys.executable, "-m", "pipelines.cli.main", "run", "--workspace", str(workspace)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0
    assert "Nothing new" in done.stdout
    assert (workspace / "published" / "current.json").read_bytes() == before


def test_forms_of_the_last_month_are_published_and_say_what_the_marts_say(workspace: Path, marts) -> None:
    current = workspace / "published" / "current"
    listed = {}
    for audience in ("office", "open"):
        index = json.loads((current / audience / "forms" / "index.json").read_text(encoding="utf-8"))["files"]
        for file in index:
            content = (current / audience / "forms" / file["path"]).read_bytes()
            assert hashlib.sha256(content).hexdigest() == file["sha256"]
            listed[file["path"]] = content
    assert {path.rpartition(".")[2] for path in listed} == {"xlsx", "docx", "pdf"}
    for period in ("2023-12", "2023-Q4", "2023"):
        workbook = openpyxl.load_workbook(io.BytesIO(listed[f"282/{period}/submissions.vi.xlsx"]))
        rows = {str(row[1]): row[2:] for row in workbook.active.iter_rows(values_only=True) if row[1] is not None}
        stated = marts(
            "SELECT coalesce(unit_name, unit_code), n_expected, n_on_time, n_late, n_empty, n_empty_late, n_missing, "
            "n_missing_refused, completeness_pct, timeliness_pct FROM marts.submission_rate "
            f"JOIN marts.dim_admin_unit USING (unit_code, unit_valid_from) WHERE dataset = '*' AND period_id = '{period}'"
        )
        assert len(stated) == 23
        for name, *figures in stated:
            assert rows["Tổng số" if name == "Huyện Mỹ Đức" else name] == pytest.approx(tuple(figures))


def test_case_numbers_stand_in_the_forms_of_the_office_alone(workspace: Path, marts) -> None:
    """The late cases of December by their numbers; what is open names none."""
    files = f"read_parquet('{workspace}/landing/case/*.parquet')"
    numbers = {number for (number,) in duckdb.sql(f"SELECT DISTINCT record_id FROM {files}").fetchall()}
    current = workspace / "published" / "current"
    listed = openpyxl.load_workbook(current / "office/forms/282/2023-12/overdue_list.vi.xlsx").active
    found = [row[1] for row in listed.iter_rows(values_only=True) if row[1] in numbers]
    [(late,)] = marts("SELECT n_late FROM marts.case_apology WHERE unit_code = '282' AND period_id = '2023-12'")
    assert len(found) == len(set(found)) == late > 50
    words = {
        word
        for path in (current / "open" / "forms").rglob("*.xlsx")
        for text in texts(path)
        for word in re.split(r"[<>\s]+", text)
    }
    assert "nguồn" in words and not words & numbers
