"""What a reference table refers to in another and does not find is told with its place; the rest goes on."""

from __future__ import annotations

import time
import unicodedata
from pathlib import Path

import pyarrow as pa
import pytest

from assets.reference.foreign_keys import HINTS_PER_TABLE
from assets.reference.tables import reference_tables
from quality.contract import landing_schema, load_contracts
from quality.problem import Problem

CONTRACTS = load_contracts()
REFERENCE = {name: contract for name, contract in CONTRACTS.items() if contract.kind == "reference"}
SHIPPED = Path(__file__).resolve().parents[3] / "assets" / "reference" / "shipped"
INSTRUMENT = "code,name_vi,name_en,aggregation_mode\n"
ITEM = "instrument_code,node_code,node_level,parent_code,position,scale_code,answers_for,label_vi,label_en\n"
CROSSWALK = "from_instrument,from_item,to_instrument,to_item,relation\n"
BREAK = "from_family,to_family,broken_on,reason_vi,reason_en\n"
ROUND = "code,instrument_code,first_on,last_on,is_probability_sample\n"
ROUND_ROW = "{code},{instrument},2023-01-01,2023-02-01,yes\n"


def read(
    folder: Path, files: dict[str, str], fed: dict[str, pa.Table] | None = None
) -> tuple[dict[str, pa.Table], list[Problem]]:
    overlay = folder / "reference"
    overlay.mkdir(exist_ok=True)
    for name, text in files.items():
        (overlay / f"{name}.csv").write_text(text, encoding="utf-8")
    return reference_tables(SHIPPED, overlay, fed or {}, CONTRACTS)


@pytest.mark.parametrize(
    ("table", "text", "column", "value", "near"),
    [
        ("expected_submission", "unit_code,dataset,first_month\n1046Z,case,2023-01\n", "unit_code", "1046Z", "“1046"),
        ("unit_alias", "office_code,name,unit_code\n282,UBND xã,1046Z\n", "unit_code", "1046Z", "“1046"),
        ("unit_alias", "office_code,name,unit_code\n28Z,UBND xã,10462\n", "office_code", "28Z", "“28"),
        ("admin_unit", "code,valid_from,level,name,parent_code\nx-1,1900-01-01,commune,Xã X,28Z\n", "parent_code", "28Z", "“28"),
        ("admin_unit_change", "old_code,new_code,changed_on,extent\n10462,1046Z,2024-01-01,whole\n", "new_code", "1046Z", "“1046"),
        ("survey_round", ROUND + ROUND_ROW.format(code="R", instrument="HN2032"), "instrument_code", "HN2032", "“HN2023”"),
        ("sampling_frame", "round_code,n_units\nR1,5\n", "round_code", "R1", ""),
        ("method_break", BREAK + "V2017,V2202,2022-01-01,A,A\n", "to_family", "V2202", "“V2022”"),
        ("instrument_item", ITEM + "HN2024,I,factor,,1,,,A,A\n", "instrument_code", "HN2024", "“HN2023”"),
        ("instrument_item", ITEM + "HN2023,I.3,item,J,28,sipas5,,A,A\n", "parent_code", "J", ""),
        ("instrument_item", ITEM + "HN2023,X,item,,28,sipas5,overal,A,A\n", "answers_for", "overal", "“overall”"),
        ("instrument_item", ITEM + "HN2023,I.3,item,I,28,sipas55,,A,A\n", "scale_code", "sipas55", "“sipas5”"),
        ("instrument_crosswalk", CROSSWALK + "HN2023,I.1,V2017,I.4,exact\n", "to_item", "I.4", ""),
        ("instrument_crosswalk", CROSSWALK + "HN2023,I.1,V9,1,exact\n", "to_instrument", "V9", ""),
    ],
)  # fmt: skip
def test_a_value_that_stands_nowhere_is_told(
    tmp_path: Path, table: str, text: str, column: str, value: str, near: str
) -> None:
    tables, [problem] = read(tmp_path, {table: text})
    assert (problem.rule, problem.file) == ("reference.unknown_code", f"reference/{table}.csv")
    assert (problem.line, problem.column, problem.value) == (2, column, value)
    for language in (problem.message.vi, problem.message.en):
        assert f"“{value}”" in language and near in language and "reference/" in language
        assert unicodedata.is_normalized("NFC", language)
    contract = CONTRACTS[table]
    kept = value in tables[table].column(column).to_pylist()
    assert kept != contract.field(column).required
    assert ("left out" in problem.message.en) == contract.field(column).required


def test_the_rest_of_the_file_goes_on(tmp_path: Path) -> None:
    text = "unit_code,dataset,first_month\n1046Z,case,2023-01\n10462,case,2023-01\n1046Z,complaint,2023-01\n"
    tables, [problem] = read(tmp_path, {"expected_submission": text})
    assert tables["expected_submission"].column("unit_code").to_pylist() == ["10462"]
    assert problem.line == 2 and "1 more" in problem.message.en and "1 dòng khác" in problem.message.vi


def test_a_faulty_row_does_not_replace_the_shipped_one(tmp_path: Path) -> None:
    shipped, overlay = tmp_path / "shipped", tmp_path / "reference"
    for folder in (shipped, overlay):
        folder.mkdir()
    (shipped / "instrument.csv").write_text(INSTRUMENT + "A,A,A,pooled_items\n", encoding="utf-8")
    (shipped / "survey_round.csv").write_text(ROUND + ROUND_ROW.format(code="R", instrument="A"), encoding="utf-8")
    (overlay / "survey_round.csv").write_text(ROUND + ROUND_ROW.format(code="R", instrument="B"), encoding="utf-8")
    tables, [problem] = reference_tables(shipped, overlay, {}, CONTRACTS)
    assert (problem.column, problem.value) == ("instrument_code", "B")
    assert tables["survey_round"].column("instrument_code").to_pylist() == ["A"]


def test_what_refers_to_a_row_left_out_is_told_too(tmp_path: Path) -> None:
    files = {
        "survey_round": ROUND + ROUND_ROW.format(code="R1", instrument="HN2032"),
        "sampling_frame": "round_code,n_units\nR1,5\n",
    }
    tables, problems = read(tmp_path, files)
    assert [(problem.column, problem.value) for problem in problems] == [
        ("instrument_code", "HN2032"),
        ("round_code", "R1"),
    ]
    assert tables["survey_round"].num_rows == tables["sampling_frame"].num_rows == 0


def test_tables_of_one_workspace_refer_to_each_other(tmp_path: Path) -> None:
    files = {
        "instrument": INSTRUMENT + "RIENG,Bộ riêng,Own,pooled_items\n",
        "instrument_item": ITEM + "RIENG,all,overall,,1,,,A,A\nRIENG,1,item,all,2,own2,,A,A\n",
        "answer_level": "scale_code,level,answer_kind,is_satisfied,label_vi,label_en\nown2,1,valid,1,Có,Yes\n",
        "survey_round": ROUND + ROUND_ROW.format(code="R1", instrument="RIENG"),
        "sampling_frame": "round_code,n_units\nR1,5\n",
        "instrument_crosswalk": CROSSWALK + "RIENG,1,HN2023,,none\n",
    }
    assert read(tmp_path, files)[1] == []


def test_fed_rows_are_checked_and_shipped_ones_are_not_the_workspace_s_to_mend(tmp_path: Path) -> None:
    """A workspace that feeds two units of its own is not told of thousands of shipped changes to others."""
    rows = [
        {"code": "a", "valid_from": "1900-01-01", "level": "district", "name": "A", "parent_code": "Hà Nội"},
        {"code": "b", "valid_from": "1900-01-01", "level": "commune", "name": "B", "parent_code": "a"},
    ]
    schema = landing_schema(CONTRACTS["admin_unit"])
    fed = pa.Table.from_pylist(rows, schema=pa.schema([pa.field(name, pa.string()) for name in schema.names]))
    tables, [problem] = read(tmp_path, {}, {"admin_unit": fed.cast(schema)})
    assert (problem.file, problem.line, problem.column) == (None, None, "parent_code")
    assert "fed by a source" in problem.message.en and "do nguồn nạp" in problem.message.vi
    assert tables["admin_unit"].column("code").to_pylist() == ["a", "b"]
    assert tables["admin_unit_change"].num_rows > 10_000


def test_many_wrong_codes_are_told_soon(tmp_path: Path) -> None:
    """Thousands of codes that stand nowhere: each is told, and the nearest code is looked for among few of them."""
    number = 3000
    rows = "".join(f"z{code},case,2023-01\n" for code in range(number))
    began = time.process_time()
    _, problems = read(tmp_path, {"expected_submission": f"unit_code,dataset,first_month\n{rows}"})
    assert len(problems) == number
    assert sum("Did you mean" in problem.message.en for problem in problems) <= HINTS_PER_TABLE
    assert time.process_time() - began < 20


# The contracts


def test_the_shipped_tables_refer_to_each_other_without_fault(tmp_path: Path) -> None:
    """As an overlay over nothing they are checked like a workspace's own."""
    folder = tmp_path / "reference"
    folder.symlink_to(SHIPPED)
    tables, problems = reference_tables(tmp_path / "nothing", folder, {}, CONTRACTS)
    assert problems == []
    assert tables["admin_unit"].num_rows > 10_000


@pytest.mark.parametrize("dataset", REFERENCE)
def test_foreign_keys_name_fields_that_are_there(dataset: str) -> None:
    contract = CONTRACTS[dataset]
    for reference in contract.foreign_keys:
        target = REFERENCE[reference.table]
        assert len(reference.fields) == len(reference.columns)
        assert set(reference.fields) <= set(contract.field_names) and set(reference.columns) <= set(target.field_names)
        for mine, other in zip(reference.fields, reference.columns, strict=True):
            assert contract.field(mine).type == target.field(other).type


@pytest.mark.parametrize("dataset", REFERENCE)
def test_every_code_belongs_to_the_table_or_refers_to_another(dataset: str) -> None:
    """A new table cannot take unknown codes silently."""
    contract = CONTRACTS[dataset]
    referring = {reference.fields[-1] for reference in contract.foreign_keys}
    # The codes a table defines: its key, without what refers to another table.
    own = set(contract.key) - referring
    codes = {field.name for field in contract.fields if field.name.endswith("_code") and field.type != "code"}
    assert codes <= referring | own
    others = set(REFERENCE) - {dataset}
    named = {name for name in own for table in others if name in (f"{table}_code", table)}
    assert not named, "a key field named after another table refers to it"


def test_expected_submissions_name_every_dataset_of_records() -> None:
    records = {name for name, contract in CONTRACTS.items() if contract.kind == "record"}
    assert set(CONTRACTS["expected_submission"].field("dataset").values) == records
