"""Instruments through the whole warehouse: the guide's two files as written, and every aggregation against brute force."""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any

import pytest
from builds import build_all
from instrument_forms import PERIOD, UNIT, forms_of_counts, landing_of_forms

from assets.warehouse.duckdb_engine import DuckDBWarehouse

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "docs" / "guides" / "add-an-instrument.md").read_text(encoding="utf-8")
EXAMPLE = re.compile(r"<!-- example: reference/(\S+) -->\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FORMS_OF_THE_GUIDE = 52

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Guide:
    """The table of the guide: answers per level by item, and the figures said to come out, by node."""

    counts: dict[str, list[int]]
    figures: dict[str, list[float | None]]


def guide() -> Guide:
    counts, figures = {}, {}
    for node, answers, said in re.findall(r"^\| (\w+) \|([\d, ]*)\| (NULL|[\d. /]+) \|$", GUIDE, re.MULTILINE):
        if answers.strip():
            counts[node] = [int(n) for n in answers.split(",")]
        figures[node] = [None if figure == "NULL" else float(figure) for figure in said.split(" / ")]
    return Guide(counts, figures)


def random_forms(rng: random.Random, nodes: Rows, levels: dict[str, list[str]], count: int) -> list[dict[str, str]]:
    """Forms with about one answer in seven left blank."""
    items = [row for row in nodes if row["node_level"] == "item"]
    return [
        {row["node_code"]: rng.choice(levels[row["scale_code"]]) for row in items if rng.random() > 0.15}
        for _ in range(count)
    ]


@dataclass(frozen=True)
class Built:
    """The forms by instrument, the instruments' nodes and levels, and what the marts say of the one unit and month."""

    forms: dict[str, list[dict[str, str]]]
    nodes: dict[str, Rows]
    levels: Rows
    index: dict[tuple[str, str], dict[str, Any]]
    question: dict[tuple[str, str], Rows]
    query: Callable[[str], Rows]

    def items(self, instrument: str, within: str | None = None) -> list[str]:
        """Satisfaction items that are pooled under a node, found by walking up the parents."""
        nodes = {row["node_code"]: row for row in self.nodes[instrument]}

        def above(code: str | None) -> Iterator[str]:
            while code is not None:
                yield code
                code = nodes[code]["parent_code"]

        return [
            code
            for code, row in nodes.items()
            if row["node_level"] == "item" and row["question_kind"] in (None, "satisfaction") and row["answers_for"] is None
            if within is None or within in above(code)
        ]  # fmt: skip

    def share(self, instrument: str, *items: str) -> float | None:
        """Satisfied answers in percent of the valid ones, counted form by form."""
        scale = {row["node_code"]: row["scale_code"] for row in self.nodes[instrument]}
        satisfied = {(row["scale_code"], row["level"]) for row in self.levels if row["is_satisfied"]}
        answers = [(scale[item], form[item]) for form in self.forms[instrument] for item in items if item in form]
        return 100 * sum(answer in satisfied for answer in answers) / len(answers) if answers else None


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    overlay = tmp_path_factory.mktemp("office") / "reference"
    overlay.mkdir()
    for name, content in EXAMPLE.findall(GUIDE):
        (overlay / name).write_text(content, encoding="utf-8")
    empty = landing_of_forms(overlay, {})
    nodes: defaultdict[str, Rows] = defaultdict(list)
    for row in empty.rows("instrument_item"):
        nodes[row["instrument_code"]].append(row)
    levels = empty.rows("answer_level")
    on_scale: defaultdict[str, list[str]] = defaultdict(list)
    for row in levels:
        on_scale[row["scale_code"]].append(row["level"])
    rng = random.Random(1001)
    forms = {
        code: random_forms(rng, nodes[code], on_scale, 60) for code in ("V2022", "V2017", "V2012_BIRTH", "TT01_2018")
    }
    forms["XA2024"] = forms_of_counts(guide().counts, FORMS_OF_THE_GUIDE)
    warehouse = DuckDBWarehouse(tmp_path_factory.mktemp("duckdb") / "sipas.duckdb")
    build_all(warehouse, landing_of_forms(overlay, forms))

    def query(sql: str) -> Rows:
        rows: Rows = warehouse.query(sql).to_pylist()
        return rows

    place = f"WHERE unit_code = '{UNIT}' AND period_id = '{PERIOD}'"
    index = {
        (row["instrument_code"], row["node_code"]): row for row in query(f"SELECT * FROM marts.sipas_index {place}")
    }
    question: defaultdict[tuple[str, str], Rows] = defaultdict(list)
    for row in query(f"SELECT * FROM marts.survey_question {place} ORDER BY option_code"):
        question[row["instrument_code"], row["question_code"]].append(row)
    yield Built(forms, nodes, levels, index, question, query)
    warehouse.close()


def test_the_guide_s_instrument_gives_what_the_guide_says(built: Built) -> None:
    said = guide()
    assert set(said.figures) == {"A1", "A2", "A", "B1", "overall", "C", "D", "E"}
    for node in ("A1", "A2", "A", "B1", "overall"):
        assert built.index["XA2024", node]["index_pct"] == pytest.approx(said.figures[node][0]), node
    assert [row["share_pct"] for row in built.question["XA2024", "C"]] == pytest.approx(said.figures["C"])
    for node in ("D", "E"):
        assert built.question["XA2024", node][0]["index_pct"] == pytest.approx(said.figures[node][0]), node
    missing = [built.index["XA2024", node]["n_missing"] for node in ("A1", "A2", "B1")]
    missing += [built.question["XA2024", node][0]["n_missing"] for node in "CDE"]
    assert missing == [2, 2, FORMS_OF_THE_GUIDE, 2, 2, 2]


def test_the_guide_s_changes_of_shipped_instruments(built: Built) -> None:
    [mode] = built.query(
        "SELECT DISTINCT aggregation_mode FROM marts.dim_instrument_item WHERE instrument_code = 'V2017'"
    )
    assert mode == {"aggregation_mode": "mean_of_factors"}
    assert ("V2022", "Q10.8") in built.question and len(built.nodes["V2022"]) == 79


def test_pooled_items(built: Built) -> None:
    nodes = ["overall", "P", "S", *"ABCD", "I", "II", "III", "IV", "V", *(f"Q9.{number}" for number in range(1, 34))]
    assert {node for instrument, node in built.index if instrument == "V2022"} == set(nodes)
    for node in nodes:
        row = built.index["V2022", node]
        assert row["index_pct"] == pytest.approx(built.share("V2022", *built.items("V2022", node))), node
        assert row["n_parts"] == 1
    assert len(built.items("V2022", "P")) == 14 and len(built.items("V2022", "S")) == 19


def test_mean_of_factors(built: Built) -> None:
    factors = {factor: built.share("V2017", *built.items("V2017", factor)) for factor in ("I", "II", "III", "IV", "V")}
    for factor, share in factors.items():
        assert built.index["V2017", factor]["index_pct"] == pytest.approx(share)
        assert built.index["V2017", factor]["estimate_pct"] is not None
    overall = built.index["V2017", "overall"]
    assert overall["index_pct"] == pytest.approx(mean(share for share in factors.values() if share is not None))
    assert overall["index_pct"] != pytest.approx(built.share("V2017", *built.items("V2017")), abs=1e-6)
    assert (overall["n_parts"], overall["estimate_pct"], overall["ci_low_pct"]) == (5, None, None)


def test_a_question_of_its_own_makes_the_index(built: Built) -> None:
    for node in ("I", "II", "III", "IV", "V"):
        assert built.index["V2012_BIRTH", node]["index_pct"] == pytest.approx(built.share("V2012_BIRTH", f"{node}.HL"))
    assert built.index["V2012_BIRTH", "overall"]["index_pct"] == pytest.approx(built.share("V2012_BIRTH", "HL"))
    assert built.index["TT01_2018", "overall"]["index_pct"] == pytest.approx(built.share("TT01_2018", "11"))
    assert {node for instrument, node in built.index if instrument == "TT01_2018"} == {"10", "11", "overall"}


def test_options_share_the_valid_answers(built: Built) -> None:
    asked = {
        (instrument, row["node_code"])
        for instrument in built.forms
        for row in built.nodes[instrument]
        if row["node_level"] == "item" and row["question_kind"] not in (None, "satisfaction")
    }
    assert set(built.question) == asked
    for (instrument, code), rows in built.question.items():
        [node] = [row for row in built.nodes[instrument] if row["node_code"] == code]
        levels = {row["level"]: row for row in built.levels if row["scale_code"] == node["scale_code"]}
        chosen = [form[code] for form in built.forms[instrument] if code in form]
        assert [row["n_answers"] for row in rows] == [chosen.count(level) for level in sorted(levels)]
        assert sum(row["share_pct"] for row in rows) == pytest.approx(100)
        assert {(row["n_valid"], row["n_missing"]) for row in rows} == {
            (len(chosen), len(built.forms[instrument]) - len(chosen))
        }
        wanted: dict[str | None, float] = {}
        if node["index_kind"] == "scaled":
            wanted["scaled"] = mean(levels[level]["score"] for level in chosen)
        if node["index_kind"] == "satisfied_share":
            wanted["satisfied_share"] = 100 * mean(levels[level]["is_satisfied"] for level in chosen)
        for row in rows:
            assert row["index_pct"] == pytest.approx(wanted.get(node["index_kind"])), code


def test_the_crosswalk_reads_both_ways(built: Built) -> None:
    rows = built.query("SELECT * FROM marts.dim_instrument_crosswalk")
    backwards = {"merged": "split", "split": "merged", "exact": "exact", "none": "none"}
    found = {tuple(row.values()) for row in rows}
    assert len(found) == len(rows) == 2 * 30
    assert found == {(to, to_item, of, item, backwards[relation]) for of, item, to, to_item, relation in found}
    assert ("V2022", "Q9.16", "HN2023", "I.1", "merged") in found and (
        "V2022",
        "Q9.24",
        "HN2023",
        "III.2",
        "split",
    ) in found


def test_the_break_says_why(built: Built) -> None:
    [row] = built.query("SELECT * FROM marts.dim_method_break")
    assert (row["from_family"], row["to_family"]) == ("V2017", "V2022") and "2021" in row["reason_vi"]


def test_contributions_add_up_to_what_the_overall_index_lacks(built: Built) -> None:
    """Whether answers are pooled or factors averaged; of a question of its own the items are no part."""
    rows = built.query(f"SELECT * FROM intermediate.int_criterion_shortfall WHERE period_id = '{PERIOD}'")
    rows = [row for row in rows if row["unit_code"] == UNIT]
    for instrument in ("V2022", "V2017", "XA2024"):
        contributions = [row["contribution_pct"] for row in rows if row["instrument_code"] == instrument]
        assert sum(contributions) == pytest.approx(100 - built.index[instrument, "overall"]["index_pct"])
    alone = {row["node_code"]: row["contribution_pct"] for row in rows if row["instrument_code"] == "V2012_BIRTH"}
    assert alone.pop("HL") == pytest.approx(100 - built.index["V2012_BIRTH", "overall"]["index_pct"])
    assert set(alone.values()) == {None}
