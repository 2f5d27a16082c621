"""The simulated workspace: same bytes, a truth that adds up, and planted faults that stand where the truth says."""

from __future__ import annotations

import csv
import hashlib
import json
import re
import sqlite3
import unicodedata
import zipfile
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest
import yaml
from openpyxl.worksheet.worksheet import Worksheet

from pipelines.simulate import SimulationError, Truth, simulate
from pipelines.simulate.plan import apportion, plan_dirt
from pipelines.simulate.survey import LEADING
from quality.contract import load_contracts

SMALL = {"units": 4, "months": 5, "cases": 600, "forms": 900}
NAME = re.compile(r"Nguyễn (Văn|Thị) Mẫu \d{4,}")
PHONE = re.compile(r"0000 \d{3} \d{3}")
ID_NUMBER = re.compile(r"000000\d{6}")
CASE_NUMBER = re.compile(r"H26\.99\.\d{2}-\d{6}-\d{4}")
FILE_RULES = {"file.damaged", "columns.missing", "unit.unknown"}


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Truth]:
    target = tmp_path_factory.mktemp("demo")
    return target, simulate(target, seed=1, **SMALL)


def hashes(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


@cache
def survey_sheet(path: Path) -> Worksheet:
    sheet = openpyxl.load_workbook(path).worksheets[0]
    assert unicodedata.normalize("NFC", sheet.title).startswith("Phiếu ")
    return sheet


def header_row(sheet: Worksheet) -> int:
    return next(row for row in range(1, 12) if sheet.cell(row, 1).value == "STT")


def headings(sheet: Worksheet) -> list[str]:
    """The headings as a reader sees them: merged cells in all the places they cover, top and sub joined."""
    top, width = header_row(sheet), sheet.max_column
    cells = {(row, column): sheet.cell(row, column).value for row in (top, top + 1) for column in range(1, width + 1)}
    for merged in sheet.merged_cells.ranges:
        for row, column in ((row, column) for row, column in merged.cells if row in (top, top + 1)):
            cells[row, column] = sheet.cell(merged.min_row, merged.min_col).value
    pairs = [(cells[top, column], cells[top + 1, column]) for column in range(1, width + 1)]
    joined = [first if first == second else f"{first} / {second}" for first, second in pairs]
    return [unicodedata.normalize("NFC", heading) for heading in joined]


def test_same_seed_gives_same_bytes_anywhere(demo: tuple[Path, Truth], tmp_path: Path) -> None:
    simulate(tmp_path / "elsewhere", seed=1, **SMALL)
    assert hashes(tmp_path / "elsewhere") == hashes(demo[0])


def test_another_seed_differs(demo: tuple[Path, Truth], tmp_path: Path) -> None:
    simulate(tmp_path, seed=2, **SMALL)
    first, second = hashes(demo[0]), hashes(tmp_path)
    for name in ("demo.key", "truth.json", "inbox/mot_cua.sqlite", "inbox/cong_pakn.jsonl"):
        assert first[name] != second[name]
    assert first["sipas.yml"] == second["sipas.yml"]


def test_written_truth_is_the_returned_one(demo: tuple[Path, Truth]) -> None:
    written = json.loads((demo[0] / "truth.json").read_text(encoding="utf-8"))
    assert written["simulated"] is True
    assert len(written["files"]) == len(demo[1].files)
    assert written["sources"] == json.loads(json.dumps(demo[1].sources()))


def test_every_row_of_every_file_ends_in_one_place(demo: tuple[Path, Truth]) -> None:
    for file in demo[1].files:
        assert file.balances, file
        assert sum(file.rules.values()) == file.quarantined, file
        assert (file.status == "refused") == (file.refused_by is not None)
        assert min(file.read, file.accepted, file.quarantined, file.duplicate, file.superseded, file.skipped) >= 0


def test_the_inbox_holds_exactly_the_files_of_the_truth(demo: tuple[Path, Truth]) -> None:
    found = {path.relative_to(demo[0]).as_posix() for path in (demo[0] / "inbox").rglob("*") if path.is_file()}
    assert found == {file.path for file in demo[1].files}


def test_every_rule_is_one_the_contracts_know(demo: tuple[Path, Truth]) -> None:
    contracts = load_contracts()
    known = {rule.id for contract in contracts.values() for rule in contract.rules} | {"key.conflict"}
    for contract in contracts.values():
        for field in contract.fields:
            known |= {f"{contract.dataset}.{field.name}.{kind}" for kind in ("required", "type", "values", "unknown")}
    used = {rule for file in demo[1].files for rule in (*file.rules, *file.warnings)}
    assert used <= known
    assert {file.refused_by for file in demo[1].files} - {None} == FILE_RULES
    assert {rule.split(".")[0] for rule in used} == {"case", "complaint", "survey_answer", "survey_response", "key"}


def test_planted_rows_are_the_quarantined_rows(demo: tuple[Path, Truth]) -> None:
    planted = Counter((row.path, row.rule) for row in demo[1].planted)
    assert planted == Counter({(file.path, rule): n for file in demo[1].files for rule, n in file.rules.items()})
    # A row has one planted fault.
    assert max(Counter((row.path, row.line) for row in demo[1].planted).values()) == 1


def test_planted_values_stand_where_the_truth_says(demo: tuple[Path, Truth]) -> None:
    target, truth = demo
    with sqlite3.connect(target / "inbox/mot_cua.sqlite") as connection:
        connection.row_factory = sqlite3.Row
        cases = connection.execute("SELECT * FROM ho_so ORDER BY rowid").fetchall()
    portal = [json.loads(line) for line in (target / "inbox/cong_pakn.jsonl").read_text(encoding="utf-8").splitlines()]
    books: dict[str, Worksheet] = {}
    for row in truth.planted:
        if row.path.endswith(".sqlite"):
            value = cases[row.line - 1][row.column]
        elif row.path.endswith(".jsonl"):
            value = portal[row.line - 1][row.column]
        else:
            if row.path not in books:
                books[row.path] = openpyxl.load_workbook(target / row.path).worksheets[0]
            sheet = books[row.path]
            names = headings(sheet) if "khao_sat" in row.path else [cell.value for cell in sheet[4]]
            value = sheet.cell(row.line, names.index(row.column) + 1).value
            assert unicodedata.normalize("NFC", sheet.title) == row.sheet
        # The truth names values in NFC, whatever the file's form.
        assert (None if value is None else unicodedata.normalize("NFC", str(value))) == row.value, row


def test_conflicts_come_in_pairs_that_differ(demo: tuple[Path, Truth]) -> None:
    with sqlite3.connect(demo[0] / "inbox/mot_cua.sqlite") as connection:
        rows = connection.execute("SELECT * FROM ho_so ORDER BY rowid").fetchall()
    copies = defaultdict(list)
    for row in rows:
        copies[row[0]].append(row)
    repeated = {number: found for number, found in copies.items() if number is not None and len(found) > 1}
    conflicting = {number for number, found in repeated.items() if len(set(found)) > 1}
    planted = [str(row.value) for row in demo[1].planted if row.rule == "key.conflict" and row.path.endswith(".sqlite")]
    assert sorted(planted) == sorted([*conflicting, *conflicting])
    (file,) = [file for file in demo[1].files if file.source == "mot_cua"]
    assert len(repeated) - len(conflicting) == file.duplicate > 0


def test_volumes_are_as_asked(demo: tuple[Path, Truth]) -> None:
    (file,) = [file for file in demo[1].files if file.source == "mot_cua"]
    assert file.read - file.duplicate - file.rules["key.conflict"] // 2 == SMALL["cases"]


def test_cases_counted_again_from_the_database(demo: tuple[Path, Truth]) -> None:
    """Receipts per unit and month, counted from the rows that no planted fault touches."""
    target, truth = demo
    refused = {row.line for row in truth.planted if row.path.endswith(".sqlite")}
    received: Counter[tuple[str, str]] = Counter()
    seen = set()
    with sqlite3.connect(target / "inbox/mot_cua.sqlite") as connection:
        rows = connection.execute(
            "SELECT rowid, MaHoSo, DonViId, NgayTiepNhan, NgayKetThucXuLy, TrangThaiHoSoId FROM ho_so"
        )
        for line, number, unit, day, end, state in rows:
            if line in refused or number in seen:
                continue
            seen.add(number)
            if state in (1, 3) or (state in (7, 9, 10) and end is None):
                continue
            form = "%d/%m/%Y %H:%M:%S" if "/" in day else "%Y-%m-%d %H:%M:%S"
            local = datetime.strptime(day, form)
            months = local.year * 12 + local.month - 1 + (local.day > 14)
            received[unit, f"{months // 12}-{months % 12 + 1:02d}"] += 1
    assert received == Counter(
        {(row["unit"], row["period"]): row["n_received"] for row in truth.cases if row["n_received"]}
    )


def test_evaluations_counted_again_from_the_database(demo: tuple[Path, Truth]) -> None:
    """Index 1 from the dates of case and requests; the other answers and levels from the forms as they stand."""
    target, truth = demo
    with sqlite3.connect(target / "inbox/mot_cua.sqlite") as connection:
        cases = {row[0]: row[1:] for row in connection.execute("SELECT MaHoSo, NgayHenTra, NgayKetThucXuLy FROM ho_so")}
        waits = {
            row[0]: row[1:]
            for row in connection.execute("SELECT MaHoSo, NgayBoSung, NgayTiepNhanBoSung FROM HoSoBoSung")
        }
        forms = connection.execute(
            "SELECT DonVi, MaHoSo, NgayTao, TraLoi2, TraLoi3, TraLoi4, TraLoi6, TraLoi7, TraLoi11 FROM PhieuKhaoSat"
        ).fetchall()
        scores = connection.execute(
            "SELECT DonVi, Nam || '-Q' || Quy, ChiSo, coalesce(ThamDinh, TuCham) FROM DanhGiaCoQuan"
        )
        assert {row[:3]: int(row[3]) for row in scores} == {
            (row["unit"], row["period"], row["index"]): row["points"] for row in truth.agency_scores
        }
    counted: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for unit, number, evaluated, *answers, overall in forms:
        day = date.fromisoformat(evaluated)
        month = day.year * 12 + day.month - 1 + (day.day > 14)
        count = counted[unit, f"{month // 12}-Q{month % 12 // 3 + 1}"]
        count["n_forms"] += 1
        count[f"n_{('dissatisfied', 'satisfied', 'very_satisfied')[int(overall)]}"] += 1
        for index, points in zip("23467", answers, strict=True):
            count[f"points_{index}"] += int(points)
            count[f"n_{index}"] += 1
        due, settled = (day_of(text) for text in cases[number])
        assert settled is not None and settled <= day
        if due is not None:
            asked, back = (day_of(text) for text in waits.get(number, (None, None)))
            beyond = settled - due - (back - asked if back is not None and asked is not None else timedelta())
            count["points_1"] += 2 if beyond < timedelta() else beyond == timedelta()
            count["n_1"] += 1
    assert counted == {
        (row["unit"], row["period"]): {name: value for name, value in row.items() if name not in ("unit", "period")}
        for row in truth.evaluations
    }
    assert len(waits) > 10 and len(forms) > 30


def day_of(text: str | None) -> date | None:
    if text is None:
        return None
    form = "%d/%m/%Y %H:%M:%S" if "/" in text else "%Y-%m-%d %H:%M:%S"
    return datetime.strptime(text, form).date()


def test_stocks_carry_over(demo: tuple[Path, Truth]) -> None:
    for rows, ended in ((demo[1].cases, ("n_settled", "n_withdrawn")), (demo[1].complaints, ("n_closed",))):
        closing: dict[str, int] = {}
        for row in rows:
            count: dict[str, Any] = defaultdict(int, row)
            assert count["n_opening"] + count["n_received"] == sum(count[name] for name in ended) + count["n_pending"]
            assert count["n_opening"] == closing.get(count["unit"], 0)
            closing[count["unit"]] = count["n_pending"]
        assert sum(closing.values()) > 0


def test_settled_cases_split_by_deadline(demo: tuple[Path, Truth]) -> None:
    total: Counter[str] = Counter()
    for row in demo[1].cases:
        parts = ("n_settled_early", "n_settled_on_day", "n_settled_late", "n_settled_no_due_date")
        assert row["n_settled"] == sum(row[part] for part in parts)
        assert row["n_pending"] == sum(row[f"n_pending_{part}"] for part in ("in_time", "overdue", "no_due_date"))
        assert row["n_received"] == sum(row[f"n_received_{name}"] for name in ("direct", "online", "postal"))
        total.update({name: row[name] for name in parts})
    assert all(total.values())


def test_survey_totals_counted_again_from_the_sheets(demo: tuple[Path, Truth]) -> None:
    target, truth = demo
    spec = yaml.safe_load((target / "sources/khao_sat_xa.yml").read_text(encoding="utf-8"))
    levels = spec["feeds"][1]["values"]
    totals = {(row["unit"], row["period"]): row for row in truth.survey}
    checked = 0
    for file in truth.files:
        if file.source != "khao_sat_xa" or not file.accepted:
            continue
        sheet = survey_sheet(target / file.path)
        place = {name: column for column, name in enumerate(headings(sheet))}
        refused = {row.line for row in truth.planted if row.path == file.path}
        rows = {
            number: [unicodedata.normalize("NFC", str(cell)) if cell is not None else None for cell in cells]
            for number, cells in enumerate(sheet.iter_rows(values_only=True), start=1)
            if number > header_row(sheet) + 1 and number not in refused
        }
        forms = {cells[1]: cells for cells in rows.values() if cells[1] is not None}
        assert len(forms) == file.accepted
        row = totals[str(file.unit), str(file.period)]
        for code, heading in spec["feeds"][1]["items"].items():
            answers = [levels[cells[place[heading]]] for cells in forms.values() if cells[place[heading]] is not None]
            assert row["items"][code]["answers"] == len(answers)
            assert row["items"][code]["satisfied"] == sum(level in ("4", "5") for level in answers)
        assert row["forms"] == len(forms)
        checked += 1
    assert checked == len(truth.survey) > 0


def test_sheets_have_the_headings_of_the_spec(demo: tuple[Path, Truth]) -> None:
    target, truth = demo
    spec = yaml.safe_load((target / "sources/khao_sat_xa.yml").read_text(encoding="utf-8"))
    wanted = [*LEADING, *spec["feeds"][1]["items"].values(), "Ghi chú"]
    for file in truth.files:
        if file.source != "khao_sat_xa" or file.refused_by == "file.damaged":
            continue
        sheet = survey_sheet(target / file.path)
        found = headings(sheet)
        top = header_row(sheet)
        assert f"A{top}:A{top + 1}" in {str(merged) for merged in sheet.merged_cells.ranges}
        if file.behaviour == "renamed_column":
            assert set(wanted) - set(found) == {"Số phiếu"}
        else:
            assert found == wanted + (["Cán bộ nhập"] if file.behaviour == "extra_column" else [])
        last = sheet.cell(sheet.max_row, 1).value
        if file.behaviour == "header_only":
            assert (top, sheet.max_row) == (1, 2)
        else:
            assert unicodedata.normalize("NFC", str(last)).startswith("Tổng cộng: ")
            assert "SỐ LIỆU MÔ PHỎNG" in " ".join(
                unicodedata.normalize("NFC", str(sheet.cell(row, 1).value)) for row in range(1, top)
            )


def test_every_fate_of_a_sheet_occurs(demo: tuple[Path, Truth]) -> None:
    target, truth = demo
    by_fate = defaultdict(list)
    for file in truth.files:
        if file.source == "khao_sat_xa":
            by_fate[file.behaviour].append(file)
    assert set(by_fate) == {
        "on_time",
        "resubmitted",
        "renamed_column",
        "truncated",
        "unknown_unit",
        "copied",
        "empty_form",
        "header_only",
        "extra_column",
        "late",
    }
    older, newer = sorted(by_fate["resubmitted"], key=lambda file: str(file.sent))
    assert (older.unit, older.period) == (newer.unit, newer.period)
    assert older.superseded and not older.accepted and newer.accepted and not newer.superseded
    first, copy = sorted(by_fate["copied"], key=lambda file: file.path)
    assert copy.status == "duplicate"
    assert (target / first.path).read_bytes() == (target / copy.path).read_bytes()
    damaged, good = sorted(by_fate["truncated"], key=lambda file: str(file.sent))
    assert damaged.refused_by == "file.damaged" and good.accepted
    assert not zipfile.is_zipfile(target / damaged.path)


def test_submissions_follow_from_the_files(demo: tuple[Path, Truth]) -> None:
    truth = demo[1]
    assert len(truth.submissions) == SMALL["units"] * SMALL["months"]
    for submission in truth.submissions:
        files = [
            file
            for file in truth.files
            if (file.source, file.unit, file.period) == ("khao_sat_xa", submission["unit"], submission["period"])
            and file.status in ("landed", "empty")
        ]
        sent = sorted(str(file.sent) for file in files)
        assert submission["first_sent_on"] == (sent[0] if sent else None)
        if not sent:
            assert submission["state"] == "missing"
        elif all(file.status == "empty" for file in files):
            assert submission["state"] == "empty"
        else:
            assert submission["state"] == ("on_time" if sent[0] <= submission["due_on"] else "late")
    assert {row["state"] for row in truth.submissions} == {"on_time", "late", "missing", "empty"}


def test_nobody_can_have_these_names_and_numbers(demo: tuple[Path, Truth]) -> None:
    target, truth = demo
    with sqlite3.connect(target / "inbox/mot_cua.sqlite") as connection:
        for number, name, phone, id_number in connection.execute(
            "SELECT MaHoSo, ChuHoSo, SoDienThoai, SoGiayTo FROM ho_so"
        ):
            assert number is None or CASE_NUMBER.fullmatch(number)
            assert NAME.fullmatch(name) and PHONE.fullmatch(phone) and ID_NUMBER.fullmatch(id_number)
    for line in (target / "inbox/cong_pakn.jsonl").read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        assert NAME.fullmatch(record["hoTen"]) and PHONE.fullmatch(record["soDienThoai"])
    for file in truth.files:
        if file.source == "khao_sat_xa" and file.read:
            sheet = survey_sheet(target / file.path)
            for row in sheet.iter_rows(min_row=header_row(sheet) + 2, max_row=sheet.max_row - 1, values_only=True):
                assert NAME.fullmatch(unicodedata.normalize("NFC", str(row[3])))
                assert PHONE.fullmatch(str(row[4]))


def test_decomposed_text_is_where_it_was_planted(demo: tuple[Path, Truth]) -> None:
    target, truth = demo
    decomposed_files = 0
    for file in truth.files:
        if file.source == "khao_sat_xa" and file.refused_by != "file.damaged":
            texts = [
                str(cell)
                for row in survey_sheet(target / file.path).iter_rows(values_only=True)
                for cell in row
                if cell
            ]
            is_decomposed = not all(unicodedata.is_normalized("NFC", text) for text in texts)
            assert is_decomposed == (file.unit == "10444")
            decomposed_files += is_decomposed
    assert decomposed_files == truth.text["decomposed_survey_files"] > 0
    with sqlite3.connect(target / "inbox/mot_cua.sqlite") as connection:
        fields = [field for (field,) in connection.execute("SELECT TenLinhVuc FROM ho_so")]
    assert sum(not unicodedata.is_normalized("NFC", field) for field in fields) == truth.text["decomposed_case_fields"]
    names = [
        json.loads(line)["donViXuLy"]
        for line in (target / "inbox/cong_pakn.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    for path in sorted((target / "inbox/phan_anh").glob("*.xlsx")):
        sheet = openpyxl.load_workbook(path).active
        assert sheet is not None
        names += [str(row[10]) for row in sheet.iter_rows(min_row=5, values_only=True) if row[10]]
    found = sum(not unicodedata.is_normalized("NFC", name) for name in names)
    assert found == truth.text["decomposed_unit_names"] > 0


def test_dates_stand_as_text_and_as_dates(demo: tuple[Path, Truth]) -> None:
    kinds: Counter[str] = Counter()
    for file in demo[1].files:
        if file.source == "khao_sat_xa" and file.accepted:
            sheet = survey_sheet(demo[0] / file.path)
            kinds.update(
                type(row[2]).__name__ for row in sheet.iter_rows(min_row=header_row(sheet) + 2, values_only=True)
            )
    assert kinds["str"] > 50 and kinds["datetime"] > 200
    with sqlite3.connect(demo[0] / "inbox/mot_cua.sqlite") as connection:
        slashed = connection.execute(
            "SELECT DISTINCT substr(MaHoSo, 1, 9) FROM ho_so WHERE NgayTiepNhan LIKE '%/%' AND MaHoSo IS NOT NULL"
        ).fetchall()
    assert slashed == [("H26.99.01",)]


def test_decimal_commas_are_counted(demo: tuple[Path, Truth]) -> None:
    written = 0
    for file in demo[1].files:
        if file.source == "khao_sat_xa" and file.accepted:
            sheet = survey_sheet(demo[0] / file.path)
            written += sum(row[7] == "1,0" for row in sheet.iter_rows(min_row=header_row(sheet) + 2, values_only=True))
    counted = demo[1].text["decimal_comma_forms"]
    # Beside those of accepted forms some stand on forms refused for another reason, and on duplicates.
    assert 0.9 * written < counted <= written and counted > 20


def test_a_ledger_repeats_what_is_open_with_its_new_state(demo: tuple[Path, Truth]) -> None:
    versions = defaultdict(list)
    for path in sorted((demo[0] / "inbox/phan_anh").glob("282_*.xlsx")):
        sheet = openpyxl.load_workbook(path).active
        assert sheet is not None
        for row in sheet.iter_rows(min_row=5, values_only=True):
            if row[1]:
                versions[row[1]].append((path.name, row[9]))
    carried = [found for found in versions.values() if len({name for name, _ in found}) > 1]
    assert carried
    for found in carried:
        assert len({state for _, state in found}) == len(found)
    ledgers = [file for file in demo[1].files if file.path.startswith("inbox/phan_anh/282_")]
    assert sum(file.superseded for file in ledgers) == sum(len(found) - 1 for found in carried)


def test_configuration_is_narrowed_to_what_is_simulated(demo: tuple[Path, Truth]) -> None:
    target, truth = demo
    with (target / "reference/expected_submission.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["unit_code"] for row in rows] == truth.units
    assert "10462" in truth.units
    assert {(row["first_month"], row["last_month"]) for row in rows} == {("2023-01", "2023-05")}
    settings = yaml.safe_load((target / "sipas.yml").read_text(encoding="utf-8"))
    assert settings["simulated"] is True
    assert "not-secret" in (target / "demo.key").read_text(encoding="utf-8")


def test_example_is_what_a_full_simulation_owes() -> None:
    folder = Path(__file__).parents[3] / "examples/my_duc/reference"
    with (folder / "expected_submission.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 22 and {row["last_month"] for row in rows} == {"2023-12"}
    with (folder / "unit_alias.csv").open(encoding="utf-8", newline="") as file:
        assert {row["unit_code"] for row in csv.DictReader(file)} == {row["unit_code"] for row in rows}


def test_an_interrupted_simulation_is_begun_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*arguments: Any) -> None:
        raise KeyboardInterrupt

    few = {"units": 1, "months": 1, "seed": 1}
    with monkeypatch.context() as patch:
        patch.setattr("pipelines.simulate.workspace.write_complaints", interrupted)
        with pytest.raises(KeyboardInterrupt):
            simulate(tmp_path / "ended", **few)
        # Killed outright, it cannot even tidy up.
        patch.setattr("pipelines.simulate.workspace.shutil.rmtree", lambda *arguments, **options: None)
        with pytest.raises(KeyboardInterrupt):
            simulate(tmp_path / "killed", **few)
    assert list((tmp_path / "ended").iterdir()) == []
    assert [path.name for path in (tmp_path / "killed").iterdir()] == [".simulation"]
    assert any((tmp_path / "killed" / ".simulation" / "inbox").iterdir())
    simulate(tmp_path / "whole", **few)
    for name in ("ended", "killed"):
        simulate(tmp_path / name, **few)
        assert hashes(tmp_path / name) == hashes(tmp_path / "whole")


@pytest.mark.parametrize("left", [(), (".simulation",)])
@pytest.mark.parametrize("simulated", ["true", "false"])
def test_a_folder_that_holds_anything_else_is_refused(left: tuple[str, ...], simulated: str, tmp_path: Path) -> None:
    (tmp_path / "sipas.yml").write_text(f"name: own\nsimulated: {simulated}\n", encoding="utf-8")
    for name in left:
        (tmp_path / name).mkdir()
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(SimulationError, match="is not empty: name a new folder"):
        simulate(tmp_path)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ({"units": 23}, "units is 23: give from 1 to 22"),
        ({"months": 0}, "months is 0: give from 1 to 12"),
        ({"units": 2, "months": 2, "cases": 3}, "cases is 3: give at least 4"),
        ({"units": 2, "months": 2, "forms": 8}, "ask for more than 8 forms"),
        ({"units": 1, "months": 1, "forms": 2_000_000}, "ask for fewer forms"),
    ],
)
def test_numbers_out_of_range_are_refused(tmp_path: Path, numbers: dict[str, int], message: str) -> None:
    with pytest.raises(SimulationError, match=message):
        simulate(tmp_path / "demo", **numbers)
    assert not any(tmp_path.rglob("*.*"))


def test_apportioned_parts_add_up() -> None:
    assert apportion(10, [1, 1, 1]) == [4, 3, 3]
    assert apportion(0, [2, 1]) == [0, 0]
    assert sum(apportion(12_345, [0.7, 1.9, 0.01, 3.3])) == 12_345


def test_faults_fall_on_different_rows_of_eligible_cells() -> None:
    plan = plan_dirt(np.random.default_rng(1), [40, 0, 60], {"a": 0.1, "b": 0.001, "c": 0.5}, largest=20)
    assert plan[1] == {}
    assert Counter(kind for cell in plan for kind in cell.values()) == {"a": 10, "b": 1, "c": 20}
    assert all(row < size for cell, size in zip(plan, (40, 0, 60), strict=True) for row in cell)
