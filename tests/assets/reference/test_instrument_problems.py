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


def problems(overlay: Path, files: dict[str, str]) -> list[Problem]:
    for name, text in files.items():
        (overlay / f"{name}.csv").write_text(text, encoding="utf-8")
    tables, faults = reference_tables(SHIPPED, overlay, {}, load_contracts())
    assert faults == []
    return instrument_problems(tables)


@pytest.mark.parametrize(
    ("table", "text", "rule", "column", "hint"),
    [
        ("instrument_item", ITEM + "HN2023,I.3,item,I,28,,,,,A,A\n", "reference.no_scale", "scale_code", "HN2023 I.3"),
        ("answer_level", LEVEL + "interest3,4,valid,0,,A,A\n", "reference.no_score", "score", "interest3 4"),
        ("answer_level", LEVEL + "sipas5,1,valid,0,101,A,A\n", "reference.score_range", "score", "101"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_told(tmp_path: Path, table: str, text: str, rule: str, column: str, hint: str) -> None:
    [problem] = problems(tmp_path, {table: text})
    assert (problem.rule, problem.file, problem.column) == (rule, f"reference/{table}.csv", column)
    assert hint in problem.message.en and hint in problem.message.vi


def test_don_t_know_needs_no_score(tmp_path: Path) -> None:
    text = LEVEL + "interest3,9,dont_know,0,,Không biết,Don't know\n"
    assert problems(tmp_path, {"answer_level": text}) == []
