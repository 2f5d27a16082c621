"""Shipped, fed and overlaid rows come together as stated, and every fault is told with its place."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest

from assets.reference.tables import reference_tables
from quality.contract import landing_schema, load_contracts
from quality.problem import Problem

CONTRACTS = load_contracts()
UNIT_HEADER = "code,valid_from,valid_to,level,name,parent_code\n"
SHIPPED_UNITS = UNIT_HEADER + (
    "01,1900-01-01,,province,Thành phố Hà Nội,\n"
    "10462,1900-01-01,2025-06-30,commune,Xã An Mỹ,282\n"
    "282,1900-01-01,2025-06-30,district,Huyện Mỹ Đức,01\n"
)


@pytest.fixture
def shipped(tmp_path: Path) -> Path:
    folder = tmp_path / "shipped"
    folder.mkdir()
    (folder / "admin_unit.csv").write_text(SHIPPED_UNITS, encoding="utf-8")
    return folder


@pytest.fixture
def overlay(tmp_path: Path) -> Path:
    folder = tmp_path / "reference"
    folder.mkdir()
    return folder


def units(shipped: Path, overlay: Path, fed: dict[str, pa.Table] | None = None) -> tuple[pa.Table, list[Problem]]:
    tables, problems = reference_tables(shipped, overlay, fed or {}, CONTRACTS)
    return tables["admin_unit"], problems


def faults(overlay: Path, shipped: Path, text: str | bytes, name: str = "admin_unit.csv") -> list[Problem]:
    data = text if isinstance(text, bytes) else text.encode()
    (overlay / name).write_bytes(data)
    return units(shipped, overlay)[1]


def test_every_reference_dataset_is_there_typed_and_empty_without_a_file(shipped: Path, overlay: Path) -> None:
    tables, problems = reference_tables(shipped, overlay, {}, CONTRACTS)
    assert problems == []
    assert set(tables) == {name for name, contract in CONTRACTS.items() if contract.kind == "reference"}
    for name, table in tables.items():
        assert table.schema.equals(landing_schema(CONTRACTS[name]))
    assert tables["procedure"].num_rows == 0
    assert tables["admin_unit"].to_pylist()[1] == {
        "code": "10462",
        "valid_from": date(1900, 1, 1),
        "valid_to": date(2025, 6, 30),
        "level": "commune",
        "name": "Xã An Mỹ",
        "parent_code": "282",
    }


def test_overlay_adds_and_overrides_by_key(shipped: Path, overlay: Path) -> None:
    rows = UNIT_HEADER + (
        "10462,1900-01-01,2024-12-31,commune,Xã An Mỹ (sửa),282\n10462,2025-01-01,,commune,Xã Mới,282\n"
    )
    (overlay / "admin_unit.csv").write_text(rows, encoding="utf-8")
    table, problems = units(shipped, overlay)
    assert problems == []
    assert [(row["code"], row["name"]) for row in table.to_pylist()] == [
        ("01", "Thành phố Hà Nội"),
        ("10462", "Xã An Mỹ (sửa)"),
        ("10462", "Xã Mới"),
        ("282", "Huyện Mỹ Đức"),
    ]


def test_a_fed_table_replaces_the_shipped_one_and_is_overlaid(shipped: Path, overlay: Path) -> None:
    schema = landing_schema(CONTRACTS["admin_unit"])
    row = {"code": "7", "valid_from": date(1900, 1, 1), "level": "district", "name": "Bảy"}
    # Many source rows may say the same of one unit.
    fed = pa.Table.from_pylist([row, row, {**row, "name": "Tám"}], schema=schema)
    (overlay / "admin_unit.csv").write_text(UNIT_HEADER + "8,1900-01-01,,commune,Chín,7\n", encoding="utf-8")
    table, problems = units(shipped, overlay, {"admin_unit": fed})
    assert [(row["code"], row["name"]) for row in table.to_pylist()] == [("7", "Bảy"), ("8", "Chín")]
    assert [problem.rule for problem in problems] == ["reference.duplicate_key"]


def test_files_of_excel_in_vietnamese_are_read(shipped: Path, overlay: Path) -> None:
    text = (
        "\ufeffcode;valid_from;valid_to;level;name;parent_code\r\n"
        "9;01/07/2025;31/12/2025;commune;  Xa\u0303 Mo\u031b\u0301i ;01\r\n;;;;;\r\n"
    )
    assert faults(overlay, shipped, text) == []
    [row] = [row for row in units(shipped, overlay)[0].to_pylist() if row["code"] == "9"]
    assert (row["valid_from"], row["valid_to"], row["name"]) == (date(2025, 7, 1), date(2025, 12, 31), "Xã Mới")


def test_a_bad_row_is_left_out_and_told_with_its_place(shipped: Path, overlay: Path) -> None:
    text = UNIT_HEADER + (
        "8,1900-01-01,,commune,Chín,01\n"
        "9,29/02/2023,,commune,A,01\n"
        "10,1900-01-01,1899-12-31,commune,B,01\n"
        "11,1900-01-01,,comune,C,01\n"
        ",1900-01-01,,commune,D,01\n"
        "12,1900-01-01,,commune,Bà Rịa, Vũng Tàu,01\n"
        "8,1900-01-01,,commune,Chín,01\n"
    )
    found = faults(overlay, shipped, text)
    assert [(problem.rule, problem.file, problem.line, problem.column) for problem in found] == [
        ("reference.date", "reference/admin_unit.csv", 3, "valid_from"),
        ("reference.dates_reversed", "reference/admin_unit.csv", 4, "valid_to"),
        ("reference.value", "reference/admin_unit.csv", 5, "level"),
        ("reference.required", "reference/admin_unit.csv", 6, "code"),
        ("reference.too_many_cells", "reference/admin_unit.csv", 7, None),
        ("reference.duplicate_key", "reference/admin_unit.csv", 8, "code, valid_from"),
    ]
    assert "29/02/2023" in found[0].message.vi and "2025-06-30" in found[0].message.en
    assert "Did you mean “commune”?" in found[2].message.en
    assert "in line 2" in found[5].message.en
    assert {row["code"] for row in units(shipped, overlay)[0].to_pylist()} == {"01", "10462", "282", "8"}


def test_a_cell_over_two_lines_does_not_shift_the_line_numbers(shipped: Path, overlay: Path) -> None:
    text = UNIT_HEADER + '8,1900-01-01,,commune,"Xã\nChín",01\n9,1900-13-01,,commune,A,01\n'
    assert [problem.line for problem in faults(overlay, shipped, text)] == [4]


def test_columns(shipped: Path, overlay: Path) -> None:
    [unknown] = faults(overlay, shipped, "code,valid_from,valid_too,level,name\n8,1900-01-01,,commune,A\n")
    assert (unknown.rule, unknown.line, unknown.column) == ("reference.unknown_column", 1, "valid_too")
    assert "Did you mean “valid_to”?" in unknown.message.en and "valid_to" in unknown.message.vi
    [twice] = faults(overlay, shipped, "code,valid_from,level,name,name\n8,1900-01-01,commune,A,B\n")
    assert (twice.rule, twice.column) == ("reference.repeated_column", "name")
    [missing] = faults(overlay, shipped, "code,level,name\n8,commune,A\n")
    assert (missing.rule, missing.column) == ("reference.missing_column", "valid_from")
    assert units(shipped, overlay)[0].num_rows == 3


def test_whole_numbers(shipped: Path, overlay: Path) -> None:
    header = "scale_code,level,answer_kind,is_satisfied,label_vi,label_en\n"
    [problem] = faults(overlay, shipped, header + "s,1,valid,1.5,Có,Yes\n", "answer_level.csv")
    assert (problem.rule, problem.line, problem.column) == ("reference.integer", 2, "is_satisfied")


def test_files_that_cannot_be_read(shipped: Path, overlay: Path) -> None:
    [encoding] = faults(overlay, shipped, UNIT_HEADER.encode() + "8,1900-01-01,,commune,Xã,01\n".encode("utf-16"))
    assert (encoding.rule, encoding.line) == ("reference.encoding", 2)
    [quotes] = faults(overlay, shipped, UNIT_HEADER + '8,1900-01-01,,commune,"Xã,01\n')
    assert quotes.rule == "reference.csv"
    missing = faults(overlay, shipped, "")
    assert {problem.rule for problem in missing} == {"reference.missing_column"}
    assert units(shipped, overlay)[0].num_rows == 3


def test_a_misnamed_file_is_told(shipped: Path, overlay: Path) -> None:
    [problem] = faults(overlay, shipped, UNIT_HEADER, "admin_units.csv")
    assert (problem.rule, problem.file) == ("reference.unknown_table", "reference/admin_units.csv")
    assert "Did you mean “admin_unit”?" in problem.message.en


def test_decimal_numbers(shipped: Path, overlay: Path) -> None:
    rows = 'band,points_from,label_vi,label_en\na,14.5,A,A\nb,"12,25",B,B\nc,9 điểm,C,C\n'
    (overlay / "one_stop_band.csv").write_text(rows, encoding="utf-8")
    tables, [problem] = reference_tables(shipped, overlay, {}, CONTRACTS)
    assert tables["one_stop_band"]["points_from"].to_pylist() == [Decimal("14.5"), Decimal("12.25")]
    assert (problem.rule, problem.line, problem.column) == ("reference.decimal", 4, "points_from")


@pytest.mark.parametrize(("written", "read"), [("92.5", "92.5"), ("92,5", "92.5"), ("90", "90")])
def test_decimals_take_a_point_or_a_comma(shipped: Path, overlay: Path, written: str, read: str) -> None:
    text = f'first_on,target_pct\n2025-01-01,"{written}"\n'
    (overlay / "target.csv").write_text(text, encoding="utf-8")
    tables, problems = reference_tables(shipped, overlay, {}, CONTRACTS)
    assert problems == []
    assert tables["target"]["target_pct"].to_pylist() == [Decimal(read)]


def test_a_decimal_that_is_none_is_told(shipped: Path, overlay: Path) -> None:
    (overlay / "target.csv").write_text("first_on,target_pct\n2025-01-01,90 %\n", encoding="utf-8")
    tables, [problem] = reference_tables(shipped, overlay, {}, CONTRACTS)
    assert (problem.rule, problem.line, problem.column) == ("reference.decimal", 2, "target_pct")
    assert tables["target"].num_rows == 0
