"""What must hold in the instrument tables beyond their contracts: scores of levels, scales of items.

The meaning of the columns, and what they refer to in each other, stands in the contracts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa

from quality.contract import Bilingual
from quality.problem import Problem

ITEMS = "instrument_item"
LEVELS = "answer_level"


def instrument_problems(tables: Mapping[str, pa.Table]) -> list[Problem]:
    """Return what does not fit together in the reference tables of a workspace; the rows stay as they are.

    A score lies between 0 and 100, and every valid level of a scaled question has one; an item has a scale.
    """
    items = tables[ITEMS].to_pylist()
    return [*_scores(items, tables[LEVELS].to_pylist()), *_items_without_scale(items)]


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


def _items_without_scale(items: list[dict[str, Any]]) -> Iterator[Problem]:
    for row in items:
        if row["node_level"] == "item" and row["scale_code"] is None:
            item = f"{row['instrument_code']} {row['node_code']}"
            yield _problem(
                "reference.no_scale",
                f"Tiêu chí {item} chưa có thang đo nên câu trả lời không đọc được; điền scale_code",
                f"The item {item} has no scale, so its answers cannot be read; fill in scale_code",
                ITEMS,
                "scale_code",
            )


def _problem(rule: str, vi: str, en: str, table: str, column: str) -> Problem:
    return Problem(rule, Bilingual(vi=vi, en=en), f"reference/{table}.csv", column=column)
