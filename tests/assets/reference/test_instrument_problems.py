"""What two CSV files of a workspace lack is told with its rule, place and remedy; what fits is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from assets.reference.instruments import instrument_problems
from assets.reference.tables import reference_tables
from quality.contract import load_contracts
from quality.problem import Problem

SHIPPED = Path(__file__).resolve().parents[3] / "assets" / "reference" / "shipped"
ITEM = "instrument_code,node_code,node_level,parent_code,position,scale_code,question_kind,index_kind,answers_for,label_vi,label_en\n"
LEVEL = "scale_code,level,answer_kind,is_satisfied,score,label_vi,label_en\n"
CROSSWALK = "from_instrument,from_item,to_instrument,to_item,relation\n"


def problems(overlay: Path, files: dict[str, str]) -> list[Problem]:
    for name, text in files.items():
        (overlay / f"{name}.csv").write_text(text, encoding="utf-8")
    tables, faults = reference_tables(SHIPPED, overlay, {}, load_contracts())
    assert faults == []
    return instrument_problems(tables)


@pytest.mark.parametrize(
    ("table", "text", "rule", "column", "hint"),
    [
        ("instrument_item", ITEM + "HN2024,I,factor,,1,,,,,A,A\n", "reference.unknown_instrument", "instrument_code", "“HN2023”"),
        ("instrument_item", ITEM + "HN2023,I.3,item,J,28,sipas5,,,,A,A\n", "reference.unknown_node", "parent_code", "“J”"),
        ("instrument_item", ITEM + "HN2023,X,item,,28,sipas5,,,overal,A,A\n", "reference.unknown_node", "answers_for", "“overall”"),
        ("answer_level", LEVEL + "interest3,4,valid,0,,A,A\n", "reference.no_score", "score", "interest3 4"),
        ("answer_level", LEVEL + "sipas5,1,valid,0,101,A,A\n", "reference.score_range", "score", "101"),
        ("instrument_crosswalk", CROSSWALK + "V2017,I.4,HN2023,I.1,exact\n", "reference.unknown_item", "from_item", "“V2017”"),
        ("instrument_crosswalk", CROSSWALK + "HN2023,I.1,V9,1,exact\n", "reference.unknown_item", "to_item", "“V9”"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_told(tmp_path: Path, table: str, text: str, rule: str, column: str, hint: str) -> None:
    [problem] = problems(tmp_path, {table: text})
    assert (problem.rule, problem.file, problem.column) == (rule, f"reference/{table}.csv", column)
    assert hint in problem.message.en and hint in problem.message.vi


def test_don_t_know_needs_no_score_and_a_relation_may_lack_a_side(tmp_path: Path) -> None:
    files = {
        "answer_level": LEVEL + "interest3,9,dont_know,0,,Không biết,Don't know\n",
        "instrument_crosswalk": CROSSWALK + "V2017,I.2,HN2023,,none\n",
    }
    assert problems(tmp_path, files) == []
