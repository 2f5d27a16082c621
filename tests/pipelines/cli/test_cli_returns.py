"""`sipas quarantine return` and `replay`: what went back is shown, and a corrected return is taken in as its answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cli_office import Sipas, ingest, lines_with, words

from assets.workspace import Workspace
from pipelines.cli import main


def test_rows_go_back_and_their_answer_shows(
    office: Workspace, sipas: Sipas, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = sipas("quarantine", "return", "-w", office.root)
    assert result.exit_code == 0, result.output
    assert "2 file(s) written to returns/" in result.output
    [rows] = [path for path in office.returns.rglob("*.csv")]
    assert rows.parent.name == "so_phan_anh" and rows.name.startswith("so_phan_anh_2023-06_so_2023-06_TL-")
    assert [path.suffix for path in office.returns.rglob("so_phan_anh_2023-07_so_2023-07_TL-*")] == [".txt"]
    assert "Nothing is to go back" in sipas("quarantine", "return", "-w", office.root).output
    [line] = lines_with(sipas("status", "-w", office.root).output, "inbox/so_2023-06.csv")
    assert "returned 20" in line and "answered" not in line

    text = rows.read_text(encoding="utf-8-sig").replace("31/02/2023", "28/02/2023", 1)
    corrected = tmp_path / rows.name
    corrected.write_text(text, encoding="utf-8")
    runs: list[Any] = []
    monkeypatch.setattr(main, "run_command", lambda *arguments: runs.append(arguments))
    for _ in range(2):
        assert sipas("quarantine", "replay", corrected, "-w", office.root).exit_code == 0
    assert len(runs) == 2
    [dropped] = list((office.inbox / "returns").iterdir())
    assert dropped.read_bytes() == corrected.read_bytes()

    ingest(office)
    listed = sipas("quarantine", "list", "-w", office.root).output
    assert not lines_with(listed, "31/02/2023")
    assert "5 row(s) in quarantine (3 answered, not shown), 1 file(s) refused whole" in listed
    [line] = lines_with(sipas("status", "-w", office.root).output, "inbox/so_2023-06.csv")
    assert "3 row(s) answered 20" in line
    target = tmp_path / "all.csv"
    sipas("quarantine", "export", target, "-w", office.root)
    assert target.read_text(encoding="utf-8-sig").count(f"inbox/returns/{rows.name}") == 3 + 2


def test_what_is_no_return_is_not_replayed(office: Workspace, sipas: Sipas, tmp_path: Path) -> None:
    other = tmp_path / "so.csv"
    other.write_text("a,b\n1,2\n", encoding="utf-8")
    result = sipas("quarantine", "replay", other, "-w", office.root)
    assert result.exit_code == 2
    assert "is no return" in words(result.output)
    assert not (office.inbox / "returns").exists()
