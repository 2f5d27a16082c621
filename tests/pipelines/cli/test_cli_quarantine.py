"""`sipas quarantine` shows and exports the refused rows of readings that count, and no cell becomes a formula."""

from __future__ import annotations

import csv
import zipfile
from pathlib import Path
from typing import Any

import pytest
from cli_office import SPEC, Sipas, good_rows, ingest, lines_with, words, write_ledger
from python_calamine import CalamineWorkbook

from assets.ledger import Ledger
from assets.workspace import Workspace
from pipelines.cli import quarantine


def read_csv(path: Path) -> list[dict[str, str]]:
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def read_xlsx(path: Path) -> dict[str, list[list[Any]]]:
    workbook = CalamineWorkbook.from_path(path)
    return {name: workbook.get_sheet_by_name(name).to_python() for name in workbook.sheet_names}


def test_list_gives_place_value_rule_and_both_messages(office: Workspace, sipas: Sipas) -> None:
    result = sipas("quarantine", "list", "-w", office.root)
    assert result.exit_code == 0
    [date] = lines_with(result.output, "31/02/2023")
    assert date.split() == [
        "inbox/so_2023-06.csv", "14", "Ngày", "nhận", "31/02/2023", "complaint.received_at.type",
    ]  # fmt: skip
    assert "Not a real date in the stated format" in result.output
    assert "Không phải ngày có thật" in result.output
    assert lines_with(result.output, "complaint.received_at.type: ") == ["complaint.received_at.type: 1 cell(s)"]
    assert max(len(line) for line in result.output.splitlines()) <= 200, "one row a line, and no page wide"
    [refused] = lines_with(result.output, "columns.missing")
    assert refused.startswith("inbox/so_2023-07.csv")
    assert "Thiếu cột" in refused
    assert "3 row(s) in quarantine, 1 file(s) refused whole" in result.output


def test_rows_of_a_retired_reading_are_not_shown(office: Workspace, sipas: Sipas) -> None:
    ledger = Ledger.of_folder(office.state)
    parts = [part for part in ledger.parts() if part.dataset.startswith("quarantine/")]
    assert [part.rows for part in parts] == [3, 3]
    assert len(ledger.retired_ids()) == 2
    assert len(lines_with(sipas("quarantine", "list", "-w", office.root).output, "31/02/2023")) == 1


def test_list_keeps_to_limit_and_dataset(office: Workspace, sipas: Sipas) -> None:
    result = sipas("quarantine", "list", "-w", office.root, "--limit", "1")
    assert "1 of 4 broken cells are shown" in result.output
    assert "0 row(s) in quarantine" in sipas("quarantine", "list", "-w", office.root, "--dataset", "case").output
    wrong = sipas("quarantine", "list", "-w", office.root, "--dataset", "complain")
    assert wrong.exit_code == 2
    assert "Did you mean “complaint”?" in words(wrong.output)


def test_csv_holds_reasons_and_raw_cells_and_no_formula(office: Workspace, sipas: Sipas, tmp_path: Path) -> None:
    result = sipas("quarantine", "export", tmp_path / "rows.csv", "-w", office.root)
    assert result.exit_code == 0
    assert "3 refused row(s)" in result.output
    rows = read_csv(tmp_path / "rows.csv")
    assert [(row["Tệp"], row["Dòng"]) for row in rows] == [
        ("inbox/so_2023-06.csv", "14"),
        ("inbox/so_2023-06.csv", "15"),
        ("inbox/so_2023-06.csv", "16"),
        ("inbox/so_2023-07.csv", ""),
    ]
    assert rows[0]["Quy tắc"] == "complaint.received_at.type"
    assert rows[0]["Lý do"].startswith("Không phải ngày có thật")
    assert rows[0]["Số"] == "PA-9001"
    assert rows[0]["Nội dung"] == "'=HYPERLINK(http://x)"
    assert rows[1]["Cột lỗi"] == "Kênh; Đơn vị"
    assert rows[1]["Giá trị lỗi"] == "Loa phường; Xã Mỹ An"
    assert rows[2]["Nguyên văn dòng"] == "PA-9003,Xã An Mỹ,Đơn thư,Đang xử lý,04/05/2023,,một,ô thừa"
    assert rows[3]["Quy tắc"] == "columns.missing"
    assert (tmp_path / "rows.csv").stat().st_mode & 0o777 == 0o600


def test_xlsx_has_a_sheet_per_source_and_texts_only(office: Workspace, sipas: Sipas, tmp_path: Path) -> None:
    result = sipas("quarantine", "export", tmp_path / "rows.xlsx", "-w", office.root)
    assert result.exit_code == 0
    sheets = read_xlsx(tmp_path / "rows.xlsx")
    assert list(sheets) == ["so_phan_anh", "Tệp bị từ chối"]
    head, first, *_ = sheets["so_phan_anh"]
    assert len(sheets["so_phan_anh"]) == 4
    assert dict(zip(head, first, strict=True))["Nội dung"] == "=HYPERLINK(http://x)"
    with zipfile.ZipFile(tmp_path / "rows.xlsx") as archive:
        parts = [archive.read(name) for name in archive.namelist() if name.startswith("xl/worksheets/")]
    assert not any(b"<f" in part or b"<hyperlink" in part for part in parts)


def test_rows_past_a_sheet_go_on_in_the_next(
    office: Workspace, sipas: Sipas, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert quarantine.SHEET_ROWS == 1_048_575
    monkeypatch.setattr(quarantine, "SHEET_ROWS", 2)
    sipas("quarantine", "export", tmp_path / "rows.xlsx", "-w", office.root)
    sheets = read_xlsx(tmp_path / "rows.xlsx")
    assert [(name, len(rows)) for name, rows in sheets.items()] == [
        ("so_phan_anh", 3),
        ("so_phan_anh (2)", 2),
        ("Tệp bị từ chối", 2),
    ]
    assert sheets["so_phan_anh"][0] == sheets["so_phan_anh (2)"][0]


def test_sources_with_long_like_names_have_sheets_of_their_own(
    workspace: Workspace, sipas: Sipas, tmp_path: Path
) -> None:
    (workspace.sources / "so_phan_anh.yml").unlink()
    names = [f"so_phan_anh_kien_nghi_cap_xa_nam_{year}" for year in (2022, 2023)]
    for name in names:
        (workspace.sources / f"{name}.yml").write_text(SPEC.replace("inbox/so", f"inbox/{name[-4:]}"), encoding="utf-8")
        path = write_ledger(workspace, [*good_rows(6), f"PA-{name[-4:]},Xã An Mỹ,Loa,Đang xử lý,03/05/2023,,"])
        path.rename(workspace.inbox / f"{name[-4:]}_2023-06.csv")
    ingest(workspace)
    assert sipas("quarantine", "export", tmp_path / "rows.xlsx", "-w", workspace.root).exit_code == 0
    sheets = read_xlsx(tmp_path / "rows.xlsx")
    assert list(sheets) == ["so_phan_anh_kien_nghi_cap_xa_na", "so_phan_anh_kien_nghi_cap_x (2)"]


def test_a_text_longer_than_a_cell_is_cut_and_told_by_an_ellipsis(
    workspace: Workspace, sipas: Sipas, tmp_path: Path
) -> None:
    write_ledger(workspace, [*good_rows(12), f"PA-1,Xã An Mỹ,Loa,Đang xử lý,03/05/2023,,{'x' * 40_000}"])
    ingest(workspace)
    sipas("quarantine", "export", tmp_path / "rows.xlsx", "-w", workspace.root)
    cell = read_xlsx(tmp_path / "rows.xlsx")["so_phan_anh"][1][-1]
    assert len(cell) == 32_767
    assert cell.endswith("x…")


def test_the_folder_of_returns_is_made_where_it_is_wanted(
    office: Workspace, sipas: Sipas, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not office.returns.exists()
    monkeypatch.chdir(office.root)
    result = sipas("quarantine", "export", "returns/refused.csv")
    assert result.exit_code == 0, result.output
    assert len(read_csv(office.returns / "refused.csv")) == 4
    ignored = (office.root / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert {"/returns/", "refused*.csv", "refused*.xlsx"} <= set(ignored)


@pytest.mark.parametrize("target", ["rows.txt", "none/rows.csv", "office/published/rows.csv"])
def test_places_that_will_not_do(target: str, office: Workspace, sipas: Sipas, tmp_path: Path) -> None:
    office.published.mkdir()
    assert sipas("quarantine", "export", tmp_path / target, "-w", office.root).exit_code == 2
    assert not (tmp_path / target).exists()


@pytest.mark.parametrize("name", ["rows.csv", "rows.xlsx"])
def test_an_empty_quarantine_gives_a_file_with_headings(
    name: str, workspace: Workspace, sipas: Sipas, tmp_path: Path
) -> None:
    assert "0 refused row(s)" in sipas("quarantine", "export", tmp_path / name, "-w", workspace.root).output
    assert (tmp_path / name).is_file()
    assert "0 row(s) in quarantine" in sipas("quarantine", "list", "-w", workspace.root).output
