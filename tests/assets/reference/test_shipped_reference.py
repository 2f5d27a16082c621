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

import pyarrow as pa
import pytest

from assets.reference.instruments import instrument_problems
from assets.reference.tables import reference_tables
from quality.contract import landing_schema, load_contracts

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
    assert went_to("10459", NEW_START) == {"10444 population", "10447", "10450", "10453", "10459"}
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
        in_parts = len(found) > 1 and set(found) <= {"part", "population"} and found.count("population") <= 1
        assert found in (["whole"], ["unchanged"]) or in_parts
        split += len(found) > 1
    assert split == 471


def test_the_readme_states_the_row_counts(shipped: dict[str, Rows]) -> None:
    readme = (SHIPPED / "README.md").read_text(encoding="utf-8")
    assert f"| `admin_unit.csv` | {len(shipped['admin_unit']):,} |" in readme
    assert f"| `admin_unit_change.csv` | {len(shipped['admin_unit_change']):,} |" in readme
    counts = f"{len(shipped['instrument'])}; {len(shipped['instrument_item'])}"
    assert f"| `instrument.csv`, `instrument_item.csv` | {counts} |" in readme
    for name in ("answer_level", "instrument_crosswalk", "method_break"):
        assert f"| `{name}.csv` | {len(shipped[name])} |" in readme


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


def items_of(shipped: dict[str, Rows], instrument: str, kind: str = "satisfaction") -> Rows:
    return [
        row
        for row in shipped["instrument_item"]
        if row["instrument_code"] == instrument and row["node_level"] == "item" and row["question_kind"] == kind
    ]


def test_the_tables_of_instruments_fit_together(shipped: dict[str, Rows]) -> None:
    contracts = load_contracts()
    tables = {
        name: pa.Table.from_pylist(rows, schema=landing_schema(contracts[name])) for name, rows in shipped.items()
    }
    assert instrument_problems(tables) == []
    listed = {row["code"]: row for row in shipped["instrument"]}
    assert {row["instrument_code"] for row in shipped["instrument_item"]} == set(listed)
    for code in listed:
        nodes = [row for row in shipped["instrument_item"] if row["instrument_code"] == code]
        assert sorted(row["position"] for row in nodes) == list(range(1, len(nodes) + 1))
        assert [row["node_code"] for row in nodes if row["node_level"] == "overall"] == ["overall"]
        assert all((row["node_level"] == "item") == (row["scale_code"] is not None) for row in nodes)
    assert {code for code, row in listed.items() if row["is_complete"] == "no"} == {
        code for code in listed if code.startswith("V2012_") or code in ("V2017", "V2023")
    }


def test_texts_are_tidy_and_each_stands_once_in_its_instrument(shipped: dict[str, Rows]) -> None:
    for table in ("instrument", "instrument_item", "answer_level", "method_break"):
        for row in shipped[table]:
            for name, value in row.items():
                if isinstance(value, str):
                    assert unicodedata.is_normalized("NFC", value) and value == " ".join(value.split()), (name, value)
    for column in ("label_vi", "label_en"):
        labels = Counter((row["instrument_code"], row["node_level"], row[column]) for row in shipped["instrument_item"])
        assert [label for label, count in labels.items() if count > 1] == []


def test_the_form_of_2022_has_33_items_in_nine_components(shipped: dict[str, Rows]) -> None:
    nodes = {row["node_code"]: row for row in shipped["instrument_item"] if row["instrument_code"] == "V2022"}
    items = items_of(shipped, "V2022")
    assert [row["node_code"] for row in sorted(items, key=lambda row: row["position"])] == [
        f"Q9.{number}" for number in range(1, 34)
    ]
    components = Counter(row["parent_code"] for row in items)
    assert components == {"A": 2, "B": 2, "C": 8, "D": 2, "I": 4, "II": 4, "III": 5, "IV": 3, "V": 3}
    areas = {code: nodes[code]["parent_code"] for code in components}
    policy, service = (sum(components[code] for code in areas if areas[code] == area) for area in ("P", "S"))
    assert (policy, service, nodes["P"]["parent_code"], nodes["S"]["parent_code"]) == (14, 19, "overall", "overall")
    assert {row["scale_code"] for row in items} == {"sipas5"}
    # 33 items, 9 components, 2 areas and 1 overall index are the 45 satisfaction figures of the round.
    assert len(items) + len(components) + 2 + 1 == 45


def test_the_other_questions_of_the_form_of_2022(shipped: dict[str, Rows]) -> None:
    kinds: defaultdict[str, list[str]] = defaultdict(list)
    for row in shipped["instrument_item"]:
        if row["instrument_code"] == "V2022" and row["node_level"] == "item" and row["question_kind"] != "satisfaction":
            kinds[row["question_kind"]].append(row["node_code"])
    assert dict(kinds) == {
        "interest": [f"Q1.{number}" for number in range(1, 9)],
        "channel": ["Q2"],
        "willingness": ["Q3"],
        "harassment": ["Q4"],
        "extra_payment": ["Q5"],
        "preference": ["Q6", "Q7"],
        "experience": [f"Q8.{number}" for number in range(1, 8)],
        # The eighth of the ten expectations is not known.
        "expectation": [f"Q10.{number}" for number in sorted((1, 10, 2, 3, 4, 5, 6, 7, 9), key=str)],
    }
    options = Counter(row["scale_code"] for row in shipped["answer_level"] if row["answer_kind"] == "valid")
    scales = {
        row["node_code"]: row["scale_code"] for row in shipped["instrument_item"] if row["instrument_code"] == "V2022"
    }
    counts = {code: options[scales[code]] for code in ("Q1.1", "Q2", "Q3", "Q4", "Q5", "Q6", "Q7", "Q8.1", "Q10.1")}
    assert counts == {"Q1.1": 3, "Q2": 7, "Q3": 5, "Q4": 3, "Q5": 3, "Q6": 3, "Q7": 3, "Q8.1": 2, "Q10.1": 3}


def test_the_other_instruments(shipped: dict[str, Rows]) -> None:
    # 22 criteria of five factors, of which the plan has 21.
    v2017 = items_of(shipped, "V2017")
    assert Counter(row["parent_code"] for row in v2017) == {"I": 3, "II": 4, "III": 7, "IV": 4, "V": 4}
    plan = {row["label_vi"] for row in items_of(shipped, "HN2023")}
    assert {row["label_vi"] for row in v2017} - plan == {"Nơi giải quyết thủ tục hành chính có đủ chỗ ngồi chờ"}
    services = [row for row in shipped["instrument"] if row["method_family"] == "V2012"]
    assert len(services) == 6
    for service in services:
        answers = {row["answers_for"] for row in items_of(shipped, service["code"])}
        assert (service["aggregation_mode"], answers) == ("overall_question", {"I", "II", "III", "IV", "V", "overall"})
    # The three contents of access, and the ninth policy.
    assert [row["node_code"] for row in items_of(shipped, "V2023")] == ["I.1", "I.2", "I.3"]
    assert len(items_of(shipped, "V2023", "interest")) == 9
    points = items_of(shipped, "TT01_2018", "score")
    assert [row["node_code"] for row in points] == [str(number) for number in range(1, 10)]
    assert {(row["scale_code"], row["index_kind"]) for row in points} == {("desk_points", "scaled")}
    assert {row["node_code"]: row["answers_for"] for row in items_of(shipped, "TT01_2018")} == {
        "10": None,
        "11": "overall",
    }


# From the 21 criteria of the plan to the 33 items of 2022; 28, on the promised day, is new as 15 is.
CROSSWALK = """
I.1->16,17; I.2->18; (none)->15; II.1->19; II.2->20; II.3->21; II.4->22; III.1->23; III.2,III.3->24; III.4,III.5->25;
III.6->26; III.7->27; IV.1->(none); (none)->28; IV.2,IV.3->29; IV.4->30; V.1,V.2->31; V.3->32; V.4->33
"""


def test_the_crosswalk_of_the_plan_and_the_form_of_2022(shipped: dict[str, Rows]) -> None:
    wanted = set()
    for pair in CROSSWALK.split(";"):
        left, right = ([code for code in side.strip().split(",") if code != "(none)"] for side in pair.split("->"))
        relation = {(1, 1): "exact", (2, 1): "merged", (1, 2): "split"}.get((len(left), len(right)), "none")
        targets = [f"Q9.{number}" for number in right]
        wanted |= {(one, other, relation) for one in left or [None] for other in targets or [None]}
    rows = [row for row in shipped["instrument_crosswalk"] if row["from_instrument"] == "HN2023"]
    assert {(row["from_item"], row["to_item"], row["relation"]) for row in rows} == wanted
    assert {row["to_instrument"] for row in rows} == {"V2022"}
    # Nothing is forgotten: every criterion of the plan, and every service item of 2022.
    assert {row["from_item"] for row in rows} - {None} == {row["node_code"] for row in items_of(shipped, "HN2023")}
    assert {row["to_item"] for row in rows} - {None} == {f"Q9.{number}" for number in range(15, 34)}


def test_the_crosswalk_of_the_forms_of_2022_and_2023_is_what_was_published_as_changed(shipped: dict[str, Rows]) -> None:
    rows = [row for row in shipped["instrument_crosswalk"] if row["from_instrument"] != "HN2023"]
    assert {(row["from_instrument"], row["to_instrument"], row["relation"]) for row in rows} == {
        ("V2022", "V2023", "exact")
    }
    # Hà Nội gave the change of both areas and of results, policies, complaints and procedures.
    assert {(row["from_item"], row["to_item"]) for row in rows} == {
        (code, code) for code in ("P", "S", "C", "D", "II", "V")
    }


def test_the_break_of_2022_lies_between_families_that_exist(shipped: dict[str, Rows]) -> None:
    families = {row["code"]: row["method_family"] for row in shipped["instrument"]}
    [found] = shipped["method_break"]
    assert (found["from_family"], found["to_family"], found["broken_on"]) == ("V2017", "V2022", date(2022, 1, 1))
    assert {found["from_family"], found["to_family"]} <= set(families.values())
    assert families["HN2023"] == families["V2017"] == "V2017" and families["V2022"] == families["V2023"] == "V2022"


def test_scales(shipped: dict[str, Rows]) -> None:
    scales: defaultdict[str, dict[str, tuple[str, int]]] = defaultdict(dict)
    for row in shipped["answer_level"]:
        scales[row["scale_code"]][row["level"]] = (row["answer_kind"], row["is_satisfied"])
    five = {str(level): ("valid", int(level >= 4)) for level in range(1, 6)}
    assert scales["sipas5"] == five and scales["five_dk9"] == five | {"9": ("dont_know", 0)}
    satisfied = {code: [level for level, (_, flag) in levels.items() if flag] for code, levels in scales.items()}
    assert satisfied["expectation3"] == ["1", "2"] and satisfied["desk_satisfaction3"] == ["1", "2"]
    scores = {
        (row["scale_code"], row["level"]): row["score"] for row in shipped["answer_level"] if row["score"] is not None
    }
    assert scores == {("interest3", "1"): 0, ("interest3", "2"): 50, ("interest3", "3"): 100} | {
        ("desk_points", str(points)): 50 * points for points in range(3)
    }
    used = {row["scale_code"] for row in shipped["instrument_item"] if row["node_level"] == "item"}
    # Every scale of an item has levels; five_dk9 is for instruments of a workspace.
    assert used == set(scales) - {"five_dk9"}
