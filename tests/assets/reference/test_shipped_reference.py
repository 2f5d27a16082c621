"""The shipped tables are what their script builds, hold together, and say what the decrees and the plan say."""

from __future__ import annotations

import subprocess
import sys
import unicodedata
from collections import Counter, defaultdict
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from assets.reference.tables import reference_tables
from quality.contract import load_contracts

ROOT = Path(__file__).resolve().parents[3]
SHIPPED = ROOT / "assets" / "reference" / "shipped"
OLD_END = date(2025, 6, 30)
NEW_START = date(2025, 7, 1)
NOT_KNOWN = date(1900, 1, 1)

Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Rows]:
    tables, problems = reference_tables(SHIPPED, tmp_path_factory.mktemp("no_overlay"), {}, load_contracts())
    assert [problem.render() for problem in problems] == []
    return {name: table.to_pylist() for name, table in tables.items()}


def test_the_build_gives_the_shipped_files(tmp_path: Path) -> None:
    script = ROOT / "scripts" / "build_reference.py"
    subprocess.run([sys.executable, str(script), str(tmp_path)], check=True)
    for name in ("admin_unit.csv", "admin_unit_change.csv"):
        assert (tmp_path / name).read_bytes() == (SHIPPED / name).read_bytes()


def test_every_reference_contract_is_shipped_and_tidy() -> None:
    contracts = {name for name, contract in load_contracts().items() if contract.kind == "reference"}
    assert {path.stem for path in SHIPPED.glob("*.csv")} == contracts
    for path in SHIPPED.glob("*.csv"):
        text = path.read_text(encoding="utf-8")
        assert text == unicodedata.normalize("NFC", text)
        assert "\r" not in text
        assert path.stat().st_size < 1_500_000


def test_counts_of_units(shipped: dict[str, Rows]) -> None:
    def in_force(day: date) -> Counter[str]:
        return Counter(
            row["level"]
            for row in shipped["admin_unit"]
            if row["valid_from"] <= day and (row["valid_to"] is None or day <= row["valid_to"])
        )

    # 705 districts and 10,599 communes of 2023, with the later codes of the list of early 2025.
    assert in_force(date(2023, 6, 30)) == {"province": 63, "district": 707, "commune": 10602}
    assert in_force(OLD_END) == {"province": 63, "district": 707, "commune": 10600}
    assert in_force(NEW_START) == {"province": 34, "commune": 3321}


def test_my_duc_through_its_changes(shipped: dict[str, Rows]) -> None:
    units = shipped["admin_unit"]
    before = {row["code"]: row for row in units if row["parent_code"] == "282" and row["valid_from"] == NOT_KNOWN}
    assert len(before) == 22
    assert before["10462"]["name"] == "Xã An Mỹ"
    early_2025 = [row for row in units if row["parent_code"] == "282" and row["valid_to"] == OLD_END]
    assert len(early_2025) == 20
    history = [
        (row["name"], row["valid_from"], row["valid_to"], row["parent_code"]) for row in units if row["code"] == "10459"
    ]
    assert history == [
        ("Xã Bột Xuyên", NOT_KNOWN, date(2024, 12, 31), "282"),
        ("Xã Mỹ Xuyên", date(2025, 1, 1), OLD_END, "282"),
        ("Xã Phúc Sơn", NEW_START, None, "01"),
    ]
    assert [(row["valid_from"], row["valid_to"], row["name"]) for row in units if row["code"] == "10465"] == [
        (NOT_KNOWN, OLD_END, "Xã Hồng Sơn"),
        (NEW_START, None, "Xã Hồng Sơn"),
    ]

    def went_to(new_code: str, day: date) -> set[str]:
        changes = [row for row in shipped["admin_unit_change"] if row["new_code"] == new_code]
        return {
            row["old_code"] + ("" if row["extent"] == "whole" else f" {row['extent']}")
            for row in changes
            if row["changed_on"] == day
        }

    assert went_to("10465", NEW_START) == {"10462", "10465", "10468", "10471", "10474", "10498"}
    assert went_to("10441", NEW_START) == {"10441", "10477", "10480", "10501", "10504"}
    # Of Đồng Tâm all people but not all ground went over.
    assert went_to("10459", NEW_START) == {"10444 part", "10447", "10450", "10453", "10459"}
    assert went_to("10489", NEW_START) == {"10483", "10489", "10492", "10495"}
    assert went_to("10459", date(2025, 1, 1)) == {"10456", "10459"}
    assert went_to("10483", date(2025, 1, 1)) == {"10483", "10486"}


def test_hanoi_has_126_communes_now(shipped: dict[str, Rows]) -> None:
    now = [row for row in shipped["admin_unit"] if row["parent_code"] == "01" and row["level"] == "commune"]
    assert Counter(row["name"].split()[0] for row in now) == {"Phường": 51, "Xã": 75}


def test_rows_of_a_code_do_not_overlap_and_parents_stand_on_the_same_days(shipped: dict[str, Rows]) -> None:
    by_code: defaultdict[str, Rows] = defaultdict(list)
    for row in shipped["admin_unit"]:
        by_code[row["code"]].append(row)
    for rows in by_code.values():
        for before, after in pairwise(rows):
            assert before["valid_to"] == after["valid_from"] - timedelta(days=1)
    for row in shipped["admin_unit"]:
        if row["level"] == "province":
            assert row["parent_code"] is None
            continue
        end = row["valid_to"] or date.max
        assert any(
            parent["valid_from"] <= row["valid_from"] and end <= (parent["valid_to"] or date.max)
            for parent in by_code[row["parent_code"]]
        ), row


def test_each_change_leads_from_a_unit_that_ends_to_one_that_begins(shipped: dict[str, Rows]) -> None:
    ends = {(row["code"], row["valid_to"]) for row in shipped["admin_unit"]}
    starts = {(row["code"], row["valid_from"]) for row in shipped["admin_unit"]}
    reached = set()
    for change in shipped["admin_unit_change"]:
        assert (change["old_code"], change["changed_on"] - timedelta(days=1)) in ends
        assert (change["new_code"], change["changed_on"]) in starts
        reached.add((change["new_code"], change["changed_on"]))
    assert starts - reached == {(code, day) for code, day in starts if day == NOT_KNOWN}


def test_a_unit_goes_whole_once_or_in_parts_to_several(shipped: dict[str, Rows]) -> None:
    extents: defaultdict[tuple[str, date], list[str]] = defaultdict(list)
    for change in shipped["admin_unit_change"]:
        extents[change["old_code"], change["changed_on"]].append(change["extent"])
    split = 0
    for found in extents.values():
        assert found in (["whole"], ["unchanged"]) or (set(found) == {"part"} and len(found) > 1)
        split += len(found) > 1
    assert split == 471


def test_the_readme_states_the_row_counts(shipped: dict[str, Rows]) -> None:
    readme = (SHIPPED / "README.md").read_text(encoding="utf-8")
    assert f"| `admin_unit.csv` | {len(shipped['admin_unit']):,} |" in readme
    assert f"| `admin_unit_change.csv` | {len(shipped['admin_unit_change']):,} |" in readme


def test_the_instrument_has_five_factors_and_21_criteria(shipped: dict[str, Rows]) -> None:
    nodes = [row for row in shipped["instrument_item"] if row["instrument_code"] == "HN2023"]
    items = [row for row in nodes if row["node_level"] == "item"]
    assert Counter(row["parent_code"] for row in items) == {"I": 2, "II": 4, "III": 7, "IV": 4, "V": 4}
    assert {row["node_code"] for row in nodes if row["parent_code"] == "overall"} == {"I", "II", "III", "IV", "V"}
    assert sorted(row["position"] for row in nodes) == list(range(1, 28))
    assert {row["scale_code"] for row in items} == {"sipas5"}
    texts = {row["node_code"]: row["label_vi"] for row in nodes}
    assert texts["II.3"] == "Mức phí/lệ phí được yêu cầu nộp là đúng quy định"
    assert texts["V"] == "Tiếp nhận, xử lý các góp ý, phản ánh, kiến nghị"


def test_scales(shipped: dict[str, Rows]) -> None:
    scales: defaultdict[str, dict[str, tuple[str, int]]] = defaultdict(dict)
    for row in shipped["answer_level"]:
        scales[row["scale_code"]][row["level"]] = (row["answer_kind"], row["is_satisfied"])
    five = {str(level): ("valid", int(level >= 4)) for level in range(1, 6)}
    assert scales == {"sipas5": five, "five_dk9": five | {"9": ("dont_know", 0)}}
    used = {row["scale_code"] for row in shipped["instrument_item"] if row["node_level"] == "item"}
    assert used <= set(scales)
