"""`sipas simulate` says what is wrong with its numbers or folder. What it writes is tested in tests/pipelines/simulate."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_office import Sipas, words


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--cases", 5, "cases is 5: give at least 264"),
        ("--forms", 1, "forms is 1: give at least 264"),
        ("--seed", -1, "seed is -1: give from 0 to 4,294,967,295"),
    ],
)
def test_a_number_out_of_range_is_told(option: str, value: int, message: str, tmp_path: Path, sipas: Sipas) -> None:
    result = sipas("simulate", tmp_path / "demo", option, value)
    assert result.exit_code == 2
    assert message in words(result.output)
    assert not (tmp_path / "demo").exists()


def test_a_folder_with_own_files_is_told_and_left(tmp_path: Path, sipas: Sipas) -> None:
    own = tmp_path / "thư.txt"
    own.write_text("của tôi", encoding="utf-8")
    result = sipas("simulate", tmp_path)
    assert result.exit_code == 2
    assert "is not empty: name a new folder" in words(result.output)
    assert list(tmp_path.iterdir()) == [own]


def test_a_folder_that_an_interrupted_simulation_left_is_taken(tmp_path: Path, sipas: Sipas) -> None:
    (tmp_path / ".simulation" / "inbox").mkdir(parents=True)
    (tmp_path / ".simulation" / "inbox" / "half.xlsx").write_bytes(b"PK")
    result = sipas("simulate", tmp_path, "--units", 1, "--months", 1)
    assert result.exit_code == 0, result.output
    assert (tmp_path / "truth.json").is_file()
    assert not (tmp_path / ".simulation").exists() and not list(tmp_path.rglob("half.xlsx"))
