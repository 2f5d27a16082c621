"""`sipas sample-size` and `sipas sample-draw`: files, numbers and mistakes, and nothing personal on the screen."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
import xlsxwriter
from cli_office import Sipas, lines_with, words

from assets.reference.tables import reference_tables
from quality.contract import load_contracts

HEADER = ["Mã", "Họ tên", "Xã"]
ROWS = [[f"D{n:03d}", f"Người Thứ {n}", "Xã An Mỹ" if n % 3 else "Xã Hồng Sơn"] for n in range(90)]


def write_frame(path: Path, rows: list[list[str]] = ROWS) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([HEADER, *rows])
    return path


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_the_size_of_a_population(sipas: Sipas) -> None:
    result = sipas("sample-size", "--population", "1000", "--response-rate", "0.7")
    assert result.exit_code == 0
    assert "n = N / (1 + N·e²)" in result.output
    [row] = lines_with(result.output, "1,000")
    assert row.split() == ["1,000", "286", "278", "398"]


def test_the_guide_shows_what_the_command_prints(sipas: Sipas) -> None:
    guide = (Path(__file__).parents[3] / "docs" / "guides" / "plan-a-survey.md").read_text(encoding="utf-8")
    [(command, shown)] = re.findall(r"^```console\n\$ sipas (.*)\n((?:.*\n)*?)```$", guide, re.MULTILINE)
    printed = sipas(*command.split()).output
    assert [line.rstrip() for line in printed.splitlines()] == [line.rstrip() for line in shown.splitlines()]


def test_sizes_by_stratum(sipas: Sipas, tmp_path: Path) -> None:
    frame = write_frame(tmp_path / "frame.csv")
    whole = sipas("sample-size", "--frame", frame, "--stratum", "Xã", "--margin", "0.1")
    assert lines_with(whole.output, "Xã An Mỹ")[0].split()[-4:] == ["60", "31", "31", "31"]
    assert lines_with(whole.output, "total")[0].split()[-4:] == ["90", "47", "47", "47"]
    each = sipas("sample-size", "--frame", frame, "--stratum", "Xã", "--margin", "0.1", "--each")
    assert lines_with(each.output, "Xã An Mỹ")[0].split()[-4:] == ["60", "38", "38", "38"]
    short = sipas("sample-size", "--frame", frame, "--stratum", "Xã", "--each", "--response-rate", "0.5")
    assert "fewer answer than the design needs" in short.output


def test_a_draw_repeats_byte_for_byte_whatever_the_order_and_the_kind_of_file(sipas: Sipas, tmp_path: Path) -> None:
    frame = write_frame(tmp_path / "frame.csv")
    turned = write_frame(tmp_path / "turned.csv", ROWS[::-1])
    with xlsxwriter.Workbook(str(tmp_path / "frame.xlsx")) as workbook:
        sheet = workbook.add_worksheet()
        for number, row in enumerate([HEADER, *ROWS]):
            sheet.write_row(number, 0, row)
    written = []
    for number, source in enumerate([frame, frame, turned, tmp_path / "frame.xlsx"]):
        target = tmp_path / f"drawn_{number}.csv"
        arguments = ["--stratum", "Xã", "--id", "Mã", "--size", "30", "--seed", "7"]
        assert sipas("sample-draw", source, target, *arguments).exit_code == 0
        written.append(target.read_bytes())
    assert len(set(written)) == 1
    assert (tmp_path / "drawn_0.csv").stat().st_mode & 0o077 == 0
    rows = read(tmp_path / "drawn_0.csv")
    assert len(rows) == 30
    assert {(row["Xã"], row["stratum"], row["weight"]) for row in rows} == {
        ("Xã An Mỹ", "Xã An Mỹ", "3.0000"), ("Xã Hồng Sơn", "Xã Hồng Sơn", "3.0000"),
    }  # fmt: skip
    assert {row["selection_probability"] for row in rows} == {"0.3333333333"}


def test_golden(sipas: Sipas, tmp_path: Path) -> None:
    """A draw is to give the same people in every release; the expected ones were found with sha256sum alone."""
    pair = Path(__file__).parents[2] / "golden" / "sample_draw_proportional"
    arguments = ["--stratum", "Xã", "--id", "Mã", "--size", "12", "--seed", "2024"]
    assert sipas("sample-draw", f"{pair}_input.csv", tmp_path / "drawn.csv", *arguments).exit_code == 0
    assert read(tmp_path / "drawn.csv") == read(Path(f"{pair}_expected.csv"))


def test_the_counts_of_the_frame_are_a_reference_table(sipas: Sipas, tmp_path: Path) -> None:
    frame = write_frame(tmp_path / "frame.csv")
    arguments = ["--stratum", "Xã", "--each", "10", "--round", "KS2024"]
    result = sipas("sample-draw", frame, tmp_path / "drawn.csv", *arguments)
    assert result.exit_code == 0
    overlay = tmp_path / "reference"
    overlay.mkdir()
    (tmp_path / "drawn_sampling_frame.csv").rename(overlay / "sampling_frame.csv")
    tables, problems = reference_tables(tmp_path / "none", overlay, {}, load_contracts())
    assert problems == []
    assert tables["sampling_frame"].select(["round_code", "stratum", "psu", "n_units"]).to_pylist() == [
        {"round_code": "KS2024", "stratum": "Xã An Mỹ", "psu": None, "n_units": 60},
        {"round_code": "KS2024", "stratum": "Xã Hồng Sơn", "psu": None, "n_units": 30},
    ]


def test_nothing_personal_is_printed(sipas: Sipas, tmp_path: Path) -> None:
    twice = [*ROWS, ["D005", "Người Thứ 5", "Xã An Mỹ"]]
    frame, faulty = write_frame(tmp_path / "frame.csv"), write_frame(tmp_path / "faulty.csv", twice)
    shown = sipas("sample-draw", frame, tmp_path / "a.csv", "--stratum", "Xã", "--id", "Mã", "--size", "30").output
    shown += sipas("sample-draw", faulty, tmp_path / "b.csv", "--stratum", "Xã", "--id", "Mã", "--size", "30").output
    shown += sipas("sample-draw", frame, tmp_path / "c.csv", "--stratum", "Họ tên", "--size", "30").output
    assert "Người" not in shown
    assert "D0" not in shown


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--size", "30", "--each", "2"], "either --size"),
        ([], "either --size"),
        (["--size", "91"], "more than the 90 rows"),
        (["--size", "30", "--stratum", "Xa"], "no column “Xa”"),
        (["--size", "30", "--stratum", "Mã"], "it is no stratum"),
        (["--size", "30", "--id", "Xã"], "no id of their own under “Xã”, the first in line 4"),
    ],
)
def test_a_mistake_is_told_and_nothing_written(
    arguments: list[str], told: str, sipas: Sipas, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = write_frame(tmp_path / "frame.csv")
    result = sipas("sample-draw", frame, tmp_path / "drawn.csv", *arguments)
    assert result.exit_code == 2
    assert told in words(result.output)
    assert [path.name for path in tmp_path.iterdir()] == ["frame.csv"]


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("frame.ods", "", "neither in .csv nor in .xlsx"),
        ("frame.csv", "Mã,Xã\n", "no rows"),
        ("frame.csv", "Mã,Xã\n1,An Mỹ\n2,\n3,An Mỹ\n", "1 row(s) have no stratum under “Xã”, the first in line 3"),
        ("frame.csv", "Mã,Xã\n1,An Mỹ,x\n", "line 2: the row cannot be read"),
        ("frame.csv", "Mã,Xã,weight\n1,An Mỹ,2\n2,An Mỹ,2\n", "a column weight, which the draw adds"),
    ],
)
def test_a_frame_that_cannot_be_used_is_told(name: str, content: str, told: str, sipas: Sipas, tmp_path: Path) -> None:
    frame = tmp_path / name
    frame.write_text(content, encoding="utf-8")
    result = sipas("sample-draw", frame, tmp_path / "drawn.csv", "--stratum", "Xã", "--each", "1")
    assert result.exit_code == 2
    assert told in words(result.output)
