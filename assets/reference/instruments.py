"""What must hold between the rows of the instrument tables, so that two CSV files of a workspace are told what they lack.

The meaning of the columns stands in the contracts; scales without levels are told where the levels are looked up.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa

from quality.contract import Bilingual
from quality.problem import Problem, did_you_mean

ITEMS = "instrument_item"
LEVELS = "answer_level"
CROSSWALK = "instrument_crosswalk"


def instrument_problems(tables: Mapping[str, pa.Table]) -> list[Problem]:
    """Return what does not fit together in the reference tables of a workspace; the rows stay as they are.

    Rules: an item's instrument is listed; a parent and the node a question answers for are nodes of its instrument; a
    score lies between 0 and 100, and every valid level of a scaled question has one; a crosswalk names items there are.
    """
    items = tables[ITEMS].to_pylist()
    levels = tables[LEVELS].to_pylist()
    instruments = set(tables["instrument"]["code"].to_pylist())
    nodes: defaultdict[str, set[str]] = defaultdict(set)
    for row in items:
        nodes[row["instrument_code"]].add(row["node_code"])
    return [
        *_instruments_not_listed(nodes, instruments),
        *_nodes_not_there(items, nodes),
        *_scores(items, levels),
        *_crosswalk(tables[CROSSWALK].to_pylist(), nodes),
    ]


def _instruments_not_listed(nodes: Mapping[str, set[str]], instruments: set[str]) -> Iterator[Problem]:
    for code in sorted(set(nodes) - instruments):
        hint = did_you_mean(code, instruments)
        yield _problem(
            "reference.unknown_instrument",
            f"Bộ phiếu “{code}” có tiêu chí nhưng không có trong instrument.{hint.vi} Thêm một dòng vào instrument.csv",
            f"The instrument “{code}” has items but is not in instrument.{hint.en} Add a row to instrument.csv",
            ITEMS,
            "instrument_code",
        )


def _nodes_not_there(items: list[dict[str, Any]], nodes: Mapping[str, set[str]]) -> Iterator[Problem]:
    for row in items:
        known = nodes[row["instrument_code"]]
        for column in ("parent_code", "answers_for"):
            if row[column] is not None and row[column] not in known:
                item, hint = f"{row['instrument_code']} {row['node_code']}", did_you_mean(row[column], known)
                yield _problem(
                    "reference.unknown_node",
                    f"Tiêu chí {item}: bộ phiếu không có mã “{row[column]}”.{hint.vi}",
                    f"Item {item}: the instrument has no node “{row[column]}”.{hint.en}",
                    ITEMS,
                    column,
                )


def _scores(items: list[dict[str, Any]], levels: list[dict[str, Any]]) -> Iterator[Problem]:
    scaled = {row["scale_code"] for row in items if row["index_kind"] == "scaled"}
    for row in levels:
        level, score = f"{row['scale_code']} {row['level']}", row["score"]
        if score is None and row["scale_code"] in scaled and row["answer_kind"] == "valid":
            yield _problem(
                "reference.no_score",
                f"Mức {level} không có điểm nhưng thang đo được dùng cho chỉ số scaled; điền điểm từ 0 đến 100",
                f"The level {level} has no score but its scale is used for a scaled index; give one from 0 to 100",
                LEVELS,
                "score",
            )
        if score is not None and not 0 <= score <= 100:
            yield _problem(
                "reference.score_range",
                f"Mức {level}: điểm {score} nằm ngoài 0 đến 100",
                f"The level {level}: the score {score} is not between 0 and 100",
                LEVELS,
                "score",
            )


def _crosswalk(rows: list[dict[str, Any]], nodes: Mapping[str, set[str]]) -> Iterator[Problem]:
    for row in rows:
        for side in ("from", "to"):
            instrument, item = row[f"{side}_instrument"], row[f"{side}_item"]
            known = nodes.get(instrument, set())
            if item is not None and item not in known:
                hint = did_you_mean(item, known)
                yield _problem(
                    "reference.unknown_item",
                    f"Đối chiếu: bộ phiếu “{instrument}” không có tiêu chí “{item}”.{hint.vi}",
                    f"Crosswalk: the instrument “{instrument}” has no item “{item}”.{hint.en}",
                    CROSSWALK,
                    f"{side}_item",
                )


def _problem(rule: str, vi: str, en: str, table: str, column: str) -> Problem:
    return Problem(rule, Bilingual(vi=vi, en=en), f"reference/{table}.csv", column=column)
