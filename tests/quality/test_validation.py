"""What pydantic refuses in sipas.yml and in specs is told in whole Vietnamese and whole English, with line and key."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path
from typing import Any

import pytest
import yaml
from workspaces import case_spec, make_workspace, write_spec

from assets.ingest.spec import read_spec
from pipelines.settings import SettingsError, load_settings
from quality.contract import load_contracts
from quality.problem import Problem

ROOT = Path(__file__).resolve().parents[2]
# Words of pydantic's messages and of ours; names of keys and values stand in quotes or look like code.
ENGLISH = re.compile(
    r"\b(input|should|must|valid|value|error|give|exactly|one|needs?|the|is|not|with|key|keys|list|text|number|whole|"
    r"missing|add|write|either|or|and|stands|twice|belong|together|unable|parse|item|entry|least|than|first is)\b"
)
CODE = re.compile(r"“[^”]*”|'[^']*'|`[^`]*`|phải là một trong: [^.;]*|đúng một trong [^.;]*|true hoặc false")


def assert_two_languages(problem: Problem) -> None:
    vi, en = problem.message.vi, problem.message.en
    assert unicodedata.is_normalized("NFC", vi)
    assert not ENGLISH.search(CODE.sub("", vi)), vi
    assert not re.search("[ăâđêôơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ]", re.sub("“[^”]*”", "", en)), en
    assert problem.line and problem.column


SETTINGS: list[tuple[dict[str, Any], str, str, str]] = [
    ({"roots": []}, "roots", "ít nhất 1 mục", "1 entry"),
    ({"roots": "282"}, "roots", "danh sách", "list"),
    ({"roots": [282]}, "roots.0", "ngoặc kép", "quote"),
    ({"cut_off_day": "x"}, "cut_off_day", "số nguyên", "whole number"),
    ({"cut_off_day": 1.5}, "cut_off_day", "số nguyên", "whole number"),
    ({"cut_off_day": 40}, "cut_off_day", "không lớn hơn 27", "not greater than 27"),
    ({"cut_off_day": -1}, "cut_off_day", "không nhỏ hơn 0", "not less than 0"),
    ({"gate": {"drift": "a"}}, "gate.drift", "một số", "a number"),
    ({"languages": ["fr"]}, "languages.0", "một trong: vi, en", "one of: vi, en"),
    ({"simulated": "maybe"}, "simulated", "true hoặc false", "true or false"),
    ({"folders": []}, "folders", "khoá: giá trị", "keys with values"),
    ({"folders": {"data": "X"}}, "folders.data", "khoá: giá trị", "keys with values"),
    ({"months": {"first": "2023"}}, "months.first", "2023-06", "2023-06"),
    ({"months": {"first": "2023-05", "last": "2023-04"}}, "months", "đứng sau", "after"),
    ({"key": {}}, "key", "đúng một trong file, env", "exactly one of file, env"),
    ({"engine": {"kind": "duckdbb"}}, "engine.kind", "“duckdb”", "“duckdb”"),
    ({"engine": {"kind": "postgres"}}, "engine", "url_env", "url_env"),
    ({"time_zone": "Hanoi"}, "time_zone", "múi giờ", "time zone"),
    ({"gat": {}}, "gat", "“gate”", "“gate”"),
    ({"folders": {"data": {"enw": "X"}}}, "folders.data.enw", "“env”", "“env”"),
    ({"title": {"vi": "A"}}, "title.en", "“en”", "“en”"),
]


@pytest.mark.parametrize(("change", "column", "vi", "en"), SETTINGS, ids=[str(case[0]) for case in SETTINGS])
def test_settings(tmp_path: Path, change: dict[str, Any], column: str, vi: str, en: str) -> None:
    workspace = make_workspace(tmp_path / "office", **change)
    with pytest.raises(SettingsError) as caught:
        load_settings(workspace)
    found = {str(problem.column): problem for problem in caught.value.problems}
    assert column in found
    for problem in found.values():
        assert_two_languages(problem)
    assert vi in found[column].message.vi and en in found[column].message.en
    key = column.split(".")[0]
    lines = workspace.settings_file.read_text(encoding="utf-8").splitlines()
    top = next(number for number, line in enumerate(lines, 1) if line.startswith(f"{key}:"))
    assert top <= int(found[column].line or 0) <= top + 3


CSV, BOOK = {"kind": "csv"}, {"kind": "workbook"}
SPECS: list[tuple[dict[str, Any], str, str, str]] = [
    ({"reader": {"kind": "excel"}}, "reader", "một trong: csv, workbook", "one of: csv, workbook"),
    ({"reader": {}}, "reader", "thiếu khoá “kind”", "key “kind” is missing"),
    ({"reader": "csv"}, "reader", "khoá: giá trị", "keys with values"),
    ({"reader": {**BOOK, "header_rows": 5}}, "reader.header_rows", "không lớn hơn 3", "not greater than 3"),
    ({"reader": {**BOOK, "header_start": "x"}}, "reader.header_start", "auto, hoặc phải là số", "auto, or must be a whole"),
    ({"reader": {**CSV, "header_line": "1"}}, "reader.header_line", "số nguyên", "whole number"),
    ({"reader": {**CSV, "skip": {"column": "a"}}}, "reader.skip", "danh sách", "list"),
    ({"reader": {**CSV, "skip": [{"column": "a", "blank": False}]}}, "reader.skip.0.blank", "true", "true"),
    ({"reader": {**CSV, "skip": [{"column": "a", "matches": "("}]}}, "reader.skip.0.matches", "RE2", "RE2"),
    ({"reader": {**CSV, "skip": [{"column": "a"}]}}, "reader.skip.0", "blank: true", "blank: true"),
    ({"reader": {**CSV, "encoding": "tcvn9"}}, "reader.encoding", "bảng mã", "encoding"),
    ({"reader": {**CSV, "delimiter": ";;"}}, "reader.delimiter", "một ký tự", "one character"),
    ({"reader": {**CSV, "delimeter": ";"}}, "reader.delimeter", "“delimiter”", "“delimiter”"),
    ({"feeds": "x"}, "feeds", "danh sách", "list"),
    ({"feeds": [{"dataset": "case", "columns": {"state": 5}}]}, "feeds.0.columns.state", "khoá: giá trị", "keys with"),
    ({"feeds": [{"dataset": "case", "columns": {"state": {}}}]}, "feeds.0.columns.state", "đúng một trong", "exactly one"),
    ({"delivery": {"kind": "snapshott"}}, "delivery.kind", "“snapshot”", "“snapshot”"),
    ({"unit": {}}, "unit", "đúng một trong", "exactly one"),
    ({"location": {"url_env": "X"}}, "location", "table hoặc query", "table or a query"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "column", "vi", "en"), SPECS, ids=[str(case[0]) for case in SPECS])
def test_specs(tmp_path: Path, change: dict[str, Any], column: str, vi: str, en: str) -> None:
    workspace = make_workspace(tmp_path / "office")
    path = write_spec(workspace, "xau", case_spec(**change))
    spec, problems = read_spec(path, load_contracts(), ("282",))
    assert spec is None
    found = {str(problem.column): problem for problem in problems}
    assert column in found, found
    for problem in problems:
        assert_two_languages(problem)
    assert vi in found[column].message.vi and en in found[column].message.en


def test_a_file_that_is_no_mapping(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path / "office")
    for content in ("", "- a\n", "a\n"):
        workspace.settings_file.write_text(content, encoding="utf-8")
        with pytest.raises(SettingsError) as caught:
            load_settings(workspace)
        [problem] = caught.value.problems
        assert "khoá: giá trị" in problem.message.vi and "keys with values" in problem.message.en


@pytest.mark.parametrize(
    "place", ["assets/ingest/spec.py", "assets/ingest/readers/options.py", "pipelines/settings.py"]
)
def test_models_of_yaml_refuse_values_in_both_languages(place: str) -> None:
    """A plain ValueError has one language."""
    assert "raise ValueError" not in (ROOT / place).read_text(encoding="utf-8")


def test_every_line_of_a_spec_is_found_again(tmp_path: Path) -> None:
    text = yaml.safe_dump(case_spec(rows="x"), allow_unicode=True, sort_keys=False)
    (tmp_path / "sources").mkdir()
    path = tmp_path / "sources" / "a.yml"
    path.write_text(text, encoding="utf-8")
    _, [problem] = read_spec(path, load_contracts(), ("282",))
    assert text.splitlines()[int(problem.line or 0) - 1] == "rows: x"
