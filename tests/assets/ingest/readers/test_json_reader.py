"""JSON Lines and nested JSON: headings of all records, broken lines, levels of a path."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from public_data import DATA, needs_public_data

from assets.ingest.readers import InputRefused, RawTable, json_records, open_input
from assets.ingest.readers.options import JsonLinesOptions, JsonOptions, SkipRule


def read_lines(path: Path, content: str | bytes, **options: Any) -> tuple[RawTable, list[dict[str, Any]]]:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    [table] = open_input(path, JsonLinesOptions(kind="jsonl", **options))
    return table, [row for batch in table.batches for row in batch.to_pylist()]


def read_document(path: Path, document: Any, *names: str) -> tuple[RawTable, list[dict[str, Any]]]:
    path.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
    [table] = open_input(path, JsonOptions(kind="json", path=list(names)))
    return table, [row for batch in table.batches for row in batch.to_pylist()]


def refused(path: Path, document: Any, *names: str) -> InputRefused:
    with pytest.raises(InputRefused) as caught:
        read_document(path, document, *names)
    return caught.value


def test_nested_objects_lists_and_numbers(tmp_path: Path) -> None:
    line = {
        "id": 12,
        "who": {"unit": {"code": "10462"}, "tags": []},
        "x": [1, {"b": "ế"}],
        "f": 2.0,
        "g": 0.5,
        "ok": True,
    }
    table, [row] = read_lines(tmp_path / "a.jsonl", json.dumps(line) + "\n")
    assert table.columns == ("id", "x", "f", "g", "ok", "who.tags", "who.unit.code")
    assert list(row.values())[:7] == ["12", '[1,{"b":"ế"}]', "2", "0.5", "true", "[]", "10462"]


def test_late_keys_and_differently_spelled_ones_are_one_column(tmp_path: Path) -> None:
    lines = '{"a": 1}\n{"a": null, "Xa\u0303": 2}\n{"b": 3, "X\u00e3": 4}\n'
    table, rows = read_lines(tmp_path / "a.jsonl", lines)
    assert table.columns == ("a", "Xã", "b")
    assert [[row[name] for name in table.columns] for row in rows] == [
        ["1", None, None],
        [None, "2", None],
        [None, "4", "3"],
    ]


def test_broken_lines_stay_in_their_place(tmp_path: Path) -> None:
    lines = (
        b'\xef\xbb\xbf{"a": 1}\r\n\r\n{"a": 2\r[3]\n{"a": "\xff"}\n{"a": NaN}\n{"a": "x\\u0000"}\n  \n{"a": "\\ud800"}'
    )
    table, rows = read_lines(tmp_path / "a.jsonl", lines)
    assert [(row["_line"], row["_fault"], row["a"], row["_raw"]) for row in rows] == [
        (1, None, "1", None),
        (3, "row.not_json", None, '{"a": 2'),
        (4, "row.not_json", None, "[3]"),
        (5, "row.not_json", None, '{"a": "?"}'),
        (6, "row.not_json", None, '{"a": NaN}'),
        (7, "row.nul", "x\u2400", None),
        (9, None, "?", None),
    ]
    assert table.rows_read == 7


def test_deep_nesting_is_a_broken_row(tmp_path: Path) -> None:
    _, rows = read_lines(tmp_path / "a.jsonl", '{"a": 1}\n' + "[" * 200_000 + "\n")
    assert [row["_fault"] for row in rows] == [None, "row.not_json"]


def test_skip_rules_on_keys_that_may_be_absent(tmp_path: Path) -> None:
    rule = SkipRule(column="note", matches="^thử")
    table, rows = read_lines(tmp_path / "a.jsonl", '{"a": 1, "note": "thử nghiệm"}\n{"a": 2}\n', skip=[rule])
    assert [row["a"] for row in rows] == ["2"] and table.rows_skipped == 1
    assert len(read_lines(tmp_path / "b.jsonl", '{"a": 1}\n', skip=[rule])[1]) == 1
    with pytest.raises(InputRefused, match=r"skip\.column_missing"):
        read_lines(tmp_path / "c.jsonl", '{"a": 1}\n', skip=[SkipRule(column="note", blank=True)])


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"", "file.empty"),
        (b"\n \n", "file.empty"),
        (bytes(range(256)) * 20, "file.not_text"),
        (b"PK\x03\x04", "file.not_text"),
    ],
)
def test_what_is_no_json_lines_is_refused(tmp_path: Path, content: bytes, rule: str) -> None:
    with pytest.raises(InputRefused) as caught:
        read_lines(tmp_path / "a.jsonl", content)
    assert caught.value.rule == rule


PROVINCES = [
    {
        "Code": "01",
        "District": [{"Code": "282", "Area": {"km2": 226.9}, "Ward": [{"Code": "10462"}, {"Code": "10465"}]}],
    },
    {"Code": "02", "District": [{"Code": "024", "Ward": []}, {"Code": "026"}, "stray"]},
]


def test_path_gives_one_row_per_innermost_object_with_levels_named(tmp_path: Path) -> None:
    table, rows = read_document(tmp_path / "a.json", PROVINCES, "District", "Ward")
    assert table.columns == ("root.Code", "District.Code", "District.Area.km2", "Ward.Code")
    assert [list(row.values()) for row in rows] == [
        ["01", "282", "226.9", "10462", 1, None, None],
        ["01", "282", "226.9", "10465", 2, None, None],
        [None, None, None, None, 3, "row.not_json", '"stray"'],
    ]


def test_documents_without_a_path(tmp_path: Path) -> None:
    table, rows = read_document(tmp_path / "a.json", PROVINCES)
    assert table.columns == ("Code", "District") and [row["Code"] for row in rows] == ["01", "02"]
    assert len(read_document(tmp_path / "b.json", {"items": [{"a": 1}, {"a": 2}]}, "items")[1]) == 2
    assert read_document(tmp_path / "c.json", [])[1] == []


def test_unsound_documents_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.json"
    cut = refused(path, '[{"a": 1},\n {"a": ')
    assert (cut.rule, cut.line) == ("file.damaged", 2)
    assert refused(path, "[" * 200_000).rule == "json.too_deep"
    for broken in ('[{"a": 1} {"a": 2}]', '[{"a": 1},]', '[{"a": 1}] []', "[", '[{"a": NaN}]', "[1", '{"a": 1'):
        assert refused(path, broken).rule == "file.damaged", broken
    missing = refused(path, PROVINCES, "District", "Wards")
    assert (missing.rule, missing.column) == ("json.path_missing", "Wards") and "“Ward”" in missing.message_en
    monkeypatch.setattr(json_records, "MAX_RECORD_CHARACTERS", 10)
    monkeypatch.setattr(json_records, "_BLOCK_CHARACTERS", 4)
    assert refused(path, PROVINCES).rule == "file.too_large"


def test_a_long_list_is_read_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_records, "_BLOCK_CHARACTERS", 7)
    monkeypatch.setattr(json_records, "_BATCH_CHARACTERS", 40)
    items = [{"a": n, "b": "x" * (n % 9), "c": [n] * (n % 3)} for n in range(50)]
    text = json.dumps(items, indent=1)
    table, rows = read_document(tmp_path / "a.json", text)
    assert [row["a"] for row in rows] == [str(n) for n in range(50)] and table.rows_read == 50
    broken = text[: text.index('"a": 40')] + "?" + text[text.index('"a": 40') :]
    assert refused(tmp_path / "b.json", broken).line == broken[: broken.index("?")].count("\n") + 1
    assert [row["_raw"] for row in read_document(tmp_path / "c.json", "[12345678901, 2]")[1]] == ["12345678901", "2"]


@needs_public_data
def test_official_units_before_the_merger() -> None:
    path = DATA / "admin" / "vn_units_v2.4.1_63prov.json"
    [table] = open_input(path, JsonOptions(kind="json", path=["District", "Ward"]))
    rows = [row for batch in table.batches for row in batch.to_pylist()]
    assert len(rows) == 10_035
    [an_my] = [row for row in rows if row["Ward.Code"] == "10462"]
    assert (an_my["root.Code"], an_my["District.Code"], an_my["Ward.FullName"]) == ("01", "282", "Xã An Mỹ")
