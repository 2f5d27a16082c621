"""Which forms a run writes, and that it draws those alone that changed."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import docx
import duckdb
import openpyxl
import pytest
from form_samples import report_form
from forms_warehouse import NEW, OLD, FormsWarehouse, build, months

from assets.forms.draw import FormFailed
from assets.forms.fill.submissions import SUBMISSIONS
from assets.forms.kind import FormKind
from assets.forms.options import FormOptions
from assets.forms.render.faces import Face, noto_serif, office_face
from assets.forms.scope import Territory, read_calendar
from assets.forms.write import Written, fill_forms, write_forms

XLSX = FormOptions(formats=("xlsx",))
SMALL = FormKind(
    "small",
    "office",
    frozenset({"commune"}),
    frozenset({"month"}),
    lambda subject, figures, language: replace(
        report_form(), code="small", language=language, unit_code=subject.unit.key.code, issuer=subject.unit.name
    ),
)


@pytest.fixture
def warehouse() -> Iterator[FormsWarehouse]:
    """Data from November 2024 to February 2025, of which the last month has not ended."""
    with duckdb.connect() as connection:
        made = build(connection, months("2024-10", "2025-03"), dt.date(2025, 2, 10))
        for period in ("2024-11", "2024-12", "2025-01", "2025-02", "2024-Q4", "2024", "2024-H2"):
            made.submissions("282", OLD, period, 2, 1, 0, 0, 1, 0, 0)
            made.submissions("10462", OLD, period, 1, 1, 0, 0, 0, 0, 0)
            made.submissions("10459", NEW if period.startswith("2025") else OLD, period, 1, 0, 0, 0, 1, 0, 0)
        yield made


def tree(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def write(
    warehouse: FormsWarehouse,
    root: Path,
    options: FormOptions = XLSX,
    previous: Path | None = None,
    face: Face | None = None,
) -> Written:
    return write_forms(
        warehouse.query, root, options, True, previous, kinds=(SUBMISSIONS, SMALL), face=face or noto_serif()
    )


# Which periods and units


@pytest.mark.parametrize(
    ("count", "wanted"),
    [
        (0, []),
        (1, ["2024-H2", "2024", "2024-Q4", "2025-01"]),
        (2, ["2024-H2", "2024", "2024-Q4", "2024-12", "2025-01"]),
        (9, ["2024-11", "2024-H2", "2024", "2024-Q4", "2024-12", "2025-01"]),
    ],
)
def test_the_last_months_that_ended_and_the_latest_of_each_longer_period(
    warehouse: FormsWarehouse, count: int, wanted: list[str]
) -> None:
    found = [period.period_id for period in read_calendar(warehouse.query).last_months(count)]
    assert sorted(found) == sorted(wanted)


def test_every_longer_period_that_ended_within_the_months() -> None:
    with duckdb.connect() as connection:
        made = build(connection, months("2023-01", "2023-12"), dt.date(2024, 1, 1))
        for row in months("2023-01", "2023-12"):
            connection.execute("INSERT INTO marts.case_settlement VALUES (?)", [row["id"]])
        found = {period.period_id for period in read_calendar(made.query).last_months(6)}
    assert found == {f"2023-{month:02d}" for month in range(7, 13)} | {
        "2023-Q3",
        "2023-Q4",
        "2023-H2",
        "2023-9M",
        "2023",
    }


def test_a_period_has_ended_when_something_was_sent_after_it(warehouse: FormsWarehouse) -> None:
    warehouse.connection.execute("UPDATE marts.data_quality SET sent_on = '2025-02-15'")
    assert read_calendar(warehouse.query).last_months(1)[-1].period_id == "2025-02"
    warehouse.connection.execute("UPDATE marts.data_quality SET sent_on = NULL")
    assert read_calendar(warehouse.query).last_months(1) == ()


def test_units_of_the_office_in_force_in_the_period_with_their_parts(warehouse: FormsWarehouse) -> None:
    calendar, territory = read_calendar(warehouse.query), Territory(warehouse.query)
    [january] = [period for period in calendar.periods if period.period_id == "2025-01"]  # from 15/12/2024 on
    subjects = {(one.unit.name, one.unit.level): one.unit for one in territory.subjects(january, True)}
    assert set(subjects) == {("Huyện Mỹ Đức", "district"), ("Xã An Mỹ", "commune"), ("Xã Bột Xuyên", "commune"),
                             ("Xã Mỹ Xuyên", "commune")}  # fmt: skip
    district = subjects["Huyện Mỹ Đức", "district"]
    assert district.parent_name == "Thành phố Hà Nội"
    assert [territory.names[key] for key in district.parts] == ["Xã An Mỹ", "Xã Bột Xuyên", "Xã Mỹ Xuyên"]
    assert subjects["Xã An Mỹ", "commune"].parts == ()
    [february] = [period for period in calendar.periods if period.period_id == "2025-02"]
    assert "Xã Bột Xuyên" not in {one.unit.name for one in territory.subjects(february, True)}


def test_a_code_that_changed_hands_within_the_period_has_a_folder_for_each(warehouse: FormsWarehouse) -> None:
    calendar = read_calendar(warehouse.query)
    january = [period for period in calendar.periods if period.period_id == "2025-01"]
    filed = fill_forms(warehouse.query, january, ("vi",), True, (SMALL,), codes=["10459"])
    assert {one.folder: one.subject.unit.name for one in filed} == {
        "10459_1900-01-01/2025-01": "Xã Bột Xuyên",
        "10459/2025-01": "Xã Mỹ Xuyên",
    }


# Files and their index


def test_files_lie_by_audience_unit_and_period_and_the_index_lists_them(
    warehouse: FormsWarehouse, tmp_path: Path
) -> None:
    options = FormOptions(formats=("xlsx", "docx"), languages=("vi", "en"))
    assert write(warehouse, tmp_path, options) == Written(24, 0)
    files = tree(tmp_path)
    assert {name for name in files if name.startswith("open/")} == {
        "open/forms/index.json",
        *(f"open/forms/282/{period}/submissions.{language}.{kind}" for period in ("2024", "2024-Q4", "2025-01")
          for language in ("vi", "en") for kind in ("xlsx", "docx")),
    }  # fmt: skip
    for audience in ("open", "office"):
        index = json.loads(files[f"{audience}/forms/index.json"])["files"]
        assert {f"{audience}/forms/{file['path']}" for file in index} | {f"{audience}/forms/index.json"} == {
            name for name in files if name.startswith(f"{audience}/")
        }
        assert [file["path"] for file in index] == sorted(file["path"] for file in index)
        for file in index:
            assert hashlib.sha256(files[f"{audience}/forms/{file['path']}"]).hexdigest() == file["sha256"]
    [one] = [file for file in index if file["path"] == "10459/2025-01/small.en.docx"]
    assert (one["form"], one["unit_name"], one["unit_valid_from"]) == ("small", "Xã Mỹ Xuyên", "2025-01-01")


def test_nothing_is_written_where_no_forms_are_wanted(warehouse: FormsWarehouse, tmp_path: Path) -> None:
    assert write(warehouse, tmp_path, FormOptions(months=0)) == Written(0, 0)
    assert tree(tmp_path) == {}


def test_only_forms_whose_figures_changed_are_drawn_again(warehouse: FormsWarehouse, tmp_path: Path) -> None:
    old, new, fresh = (tmp_path / name for name in ("old", "new", "fresh"))
    options = FormOptions(formats=("xlsx", "pdf"))
    assert write(warehouse, old, options).drawn == 12
    assert write(warehouse, tmp_path / "same", options, old) == Written(0, 12)
    assert tree(tmp_path / "same") == tree(old)
    warehouse.submissions("282", OLD, "2025-01", 2, 2, 0, 0, 0, 0, 0)
    assert write(warehouse, new, options, old) == Written(2, 10)
    january = new / "open/forms/282/2025-01/submissions.vi.xlsx"
    year = new / "open/forms/282/2024/submissions.vi.xlsx"
    assert not january.samefile(old / january.relative_to(new)) and year.samefile(old / year.relative_to(new))
    # A function of the marts alone, whatever was published before.
    write(warehouse, fresh, options)
    assert tree(fresh) == tree(new) != tree(old)


def test_a_damaged_file_or_index_is_not_linked(warehouse: FormsWarehouse, tmp_path: Path) -> None:
    old = tmp_path / "old"
    write(warehouse, old)
    whole = tree(old)
    (old / "open/forms/282/2025-01/submissions.vi.xlsx").write_bytes(b"damaged")
    assert write(warehouse, tmp_path / "a", XLSX, old) == Written(1, 5)
    (old / "office/forms/index.json").write_text("{}", encoding="utf-8")
    assert write(warehouse, tmp_path / "b", XLSX, old) == Written(4, 2)
    assert tree(tmp_path / "a") == tree(tmp_path / "b") == whole


def test_another_face_draws_pdf_again_and_nothing_else(
    warehouse: FormsWarehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = FormOptions(formats=("xlsx", "pdf"))
    write(warehouse, tmp_path / "old", options)
    other = replace(noto_serif(), family="Libertinus Serif")  # comes with the typesetter
    assert write(warehouse, tmp_path / "new", options, tmp_path / "old", other) == Written(6, 6)


def test_two_processes_draw_what_one_does(
    warehouse: FormsWarehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = FormOptions(formats=("xlsx", "docx", "pdf"))
    one = write(warehouse, tmp_path / "one", options)
    monkeypatch.setattr("assets.forms.draw._FEW", 1)
    assert write(warehouse, tmp_path / "two", options) == one
    assert tree(tmp_path / "two") == tree(tmp_path / "one")


@pytest.mark.parametrize("few", [100, 1])
def test_a_form_that_cannot_be_drawn_is_named(
    warehouse: FormsWarehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr("assets.forms.draw._FEW", few)
    broken = replace(SMALL, fill=lambda subject, figures, language: replace(report_form(), notes=(5,)))
    with pytest.raises(FormFailed, match=r"report of unit 10462, 2023-Q2, cannot be drawn as docx"):
        write_forms(warehouse.query, tmp_path, FormOptions(formats=("docx",)), True, None, (broken,), noto_serif())


def test_two_kinds_of_one_code_are_refused(warehouse: FormsWarehouse, tmp_path: Path) -> None:
    with pytest.raises(FormFailed, match="a code of its own"):
        write_forms(warehouse.query, tmp_path, XLSX, True, None, (SMALL, SMALL), noto_serif())


def test_the_drawing_processes_end_when_the_run_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "run.py"
    script.write_text(
        "import sys, time\n"
        f"sys.path[:0] = {[str(Path(__file__).resolve().parents[3]), str(Path(__file__).parent)]!r}\n"
        "from pathlib import Path\n"
        "from form_samples import report_form\n"
        "from assets.forms import draw\n"
        "from assets.forms.render.faces import noto_serif\n"
        "def jobs():\n"
        "    for n in range(200):\n"
        "        yield draw.Job(report_form(), ())\n"
        "    print('drawing', flush=True)\n"
        "    time.sleep(60)\n"
        "if __name__ == '__main__':\n"
        "    list(draw.draw(jobs(), noto_serif()))\n",
        encoding="utf-8",
    )
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None and run.stdout.readline() == "drawing\n"
        drawing = _children(run.pid)
        assert len(drawing) >= 2
        run.send_signal(signal.SIGKILL)
    until = time.monotonic() + 10
    while time.monotonic() < until and any(_is_alive(child) for child in drawing):
        time.sleep(0.05)
    assert not [child for child in drawing if _is_alive(child)]


def _children(parent: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


# The table of submissions


def test_the_table_of_submissions_says_what_the_mart_says(warehouse: FormsWarehouse, tmp_path: Path) -> None:
    warehouse.submissions("282", OLD, "2025-01", 9, 3, 2, 2, 2, 1, 1)
    warehouse.submissions("10462", OLD, "2025-01", 6, 3, 1, 1, 1, 0, 1)
    warehouse.submissions("10459", NEW, "2025-01", 2, 0, 0, 1, 1, 1, 0)
    write(warehouse, tmp_path, FormOptions(formats=("xlsx", "docx")))
    path = tmp_path / "open/forms/282/2025-01/submissions.vi"
    rows = list(openpyxl.load_workbook(f"{path}.xlsx").active.iter_rows(values_only=True))
    assert next(row for row in rows if row[1] == "Xã An Mỹ") == (
        1, "Xã An Mỹ", 6, 3, 1, 1, 0, 1, 1, 100 * 5 / 6, 100 * 4 / 6,
    )  # fmt: skip
    [total] = [row for row in rows if row[1] == "Tổng số"]
    assert total == (None, "Tổng số", 9, 3, 2, 2, 1, 2, 1, 100 * 7 / 9, 100 * 4 / 9)
    assert "Tổng số gồm 1 lượt" in " ".join(str(row[0]) for row in rows)  # one owed by the office itself
    table = docx.Document(f"{path}.docx").tables[2]
    assert [cell.text for cell in table.rows[-1].cells] == [
        "", "Tổng số", "9", "3", "2", "2", "1", "2", "1", "77,78%", "44,44%",
    ]  # fmt: skip


def test_a_unit_that_owes_nothing_has_no_table(warehouse: FormsWarehouse) -> None:
    warehouse.connection.execute("DELETE FROM marts.submission_rate WHERE unit_code = '282'")
    periods = read_calendar(warehouse.query).periods
    assert list(fill_forms(warehouse.query, periods, ("vi",), True, (SUBMISSIONS,))) == []


def test_every_machine_has_a_face() -> None:
    assert noto_serif().family == "Noto Serif" and (noto_serif().folder / "NotoSerif[wdth,wght].ttf").is_file()
    assert office_face().family in ("Times New Roman", "Noto Serif")
