"""`sipas forms`: which files it writes, and what it says to somebody who asks for what there is not."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import duckdb
import openpyxl
import pytest
from cli_office import Sipas, words
from forms_warehouse import NEW, OLD, build, months
from workspaces import make_workspace

from assets.forms.fill.submissions import SUBMISSIONS
from assets.publish.revision import MANIFEST_FILE
from assets.workspace import Workspace
from pipelines.lock import WorkspaceBusy, run_lock


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace that published once: its warehouse holds November 2024 to February 2025."""
    workspace = make_workspace(
        tmp_path_factory.mktemp("forms") / "office", forms={"months": 1, "formats": ["xlsx"], "languages": ["vi"]}
    )
    workspace.warehouse.mkdir()
    with duckdb.connect(str(workspace.warehouse / "sipas.duckdb")) as connection:
        made = build(connection, months("2024-10", "2025-03"), dt.date(2025, 2, 10))
        for period in ("2024-11", "2024-12", "2025-01", "2025-02", "2024-Q4", "2024"):
            made.submissions("282", OLD, period, 2, 1, 0, 0, 1, 0, 0)
            made.submissions("10459", NEW if period.startswith("2025") else OLD, period, 1, 0, 0, 0, 1, 0, 0)
        revision = workspace.published / "revisions" / "r1"
        (revision / "open" / "marts").mkdir(parents=True)
        connection.execute(f"COPY marts.submission_rate TO '{revision}/open/marts/submission_rate.parquet'")
        (revision / MANIFEST_FILE).touch()
    (workspace.published / "current.json").write_text(json.dumps({"revision": "r1"}), encoding="utf-8")
    return workspace


@pytest.fixture(autouse=True)
def one_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    """The warehouse has the marts of one kind of form."""
    monkeypatch.setattr("pipelines.cli.forms.form_kinds", lambda options: (SUBMISSIONS,))


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.xlsx"))


def test_the_forms_of_a_run_by_default(sipas: Sipas, office: Workspace, tmp_path: Path) -> None:
    result = sipas("forms", "--workspace", office.root, "--out", tmp_path)
    assert result.exit_code == 0
    assert files(tmp_path) == [f"282/{period}/submissions.vi.xlsx" for period in ("2024-Q4", "2024", "2025-01")]
    assert "3 file(s) written" in result.output and "keep them in the office" in result.output


def test_one_unit_by_name_one_period_in_english(sipas: Sipas, office: Workspace, tmp_path: Path) -> None:
    request = ("--unit", "Huyện Mỹ Đức", "--period", "2025-02", "--language", "en")  # a month that has not ended
    assert sipas("forms", "--workspace", office.root, *request, "--out", tmp_path / "new").exit_code == 0
    assert files(tmp_path / "new") == ["282/2025-02/submissions.en.xlsx"]
    sheet = openpyxl.load_workbook(tmp_path / "new/282/2025-02/submissions.en.xlsx").active
    assert sheet is not None
    assert "SOCIALIST REPUBLIC OF VIET NAM" in {cell.value for row in sheet.iter_rows() for cell in row}


def test_a_unit_without_a_form(sipas: Sipas, office: Workspace, tmp_path: Path) -> None:
    result = sipas("forms", "--workspace", office.root, "--unit", "10462", "--out", tmp_path)
    assert result.exit_code == 0 and "no form of this unit" in result.output and files(tmp_path) == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--unit", "10463"), "no unit of this office; give its code"),
        (("--unit", "10441"), "no unit of this office"),  # of another district
        (("--period", "2025-13"), "There are: 2024-11"),
        (("--period", "2024-10"), "no data of the period 2024-10"),
        (("--language", "fr"), "'fr'"),
    ],
)
def test_what_there_is_not_is_said(
    sipas: Sipas, office: Workspace, tmp_path: Path, options: tuple[str, ...], said: str
) -> None:
    result = sipas("forms", "--workspace", office.root, *options, "--out", tmp_path / "out")
    assert result.exit_code == 2 and said in words(result.output)
    assert not (tmp_path / "out").exists()


def test_a_revision_that_is_gone_is_said(sipas: Sipas, tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path / "gone")
    workspace.published.mkdir()
    (workspace.published / "current.json").write_text(json.dumps({"revision": "r1"}), encoding="utf-8")
    result = sipas("forms", "--workspace", workspace.root, "--out", tmp_path / "out")
    assert result.exit_code == 2 and "The current revision r1 is missing" in words(result.output)


def test_published_is_written_by_runs_alone(sipas: Sipas, office: Workspace, tmp_path: Path) -> None:
    result = sipas("forms", "--workspace", office.root, "--out", office.published / "forms")
    assert result.exit_code == 2 and "runs alone write" in words(result.output)
    (tmp_path / "file").touch()
    assert sipas("forms", "--workspace", office.root, "--out", tmp_path / "file").exit_code == 2


def test_before_the_first_run_and_during_one(sipas: Sipas, office: Workspace, tmp_path: Path) -> None:
    empty = make_workspace(tmp_path / "empty")
    assert "Nothing was published" in words(sipas("forms", "--workspace", empty.root).output)
    with run_lock(office), pytest.raises(WorkspaceBusy):
        sipas("forms", "--workspace", office.root, "--out", tmp_path)
