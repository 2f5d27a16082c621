"""Cronbach's alpha: the worked example of the method page, and what has none."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from golden_pairs import INPUT, mart_differences, read, scenarios

from assets.warehouse.engine import Warehouse

METHOD, KEYS = "survey_reliability", ("instrument_code", "node_code")


@pytest.mark.parametrize("scenario", scenarios(METHOD))
def test_the_mart_has_what_the_pair_expects(scenario: str, golden: Warehouse) -> None:
    assert mart_differences(golden, "survey_reliability", METHOD, scenario, KEYS, "period_id = '2025-03'") == []


def test_the_page_works_out_the_pair_of_its_name() -> None:
    page = (Path(__file__).parents[2] / "docs" / "methods" / "reliability.md").read_text(encoding="utf-8")
    rows = [[cell.strip() for cell in line.split("|")] for line in re.findall(r"^\| \d \|(.*)\|$", page, re.MULTILINE)]
    given = read(METHOD, "worked_example", INPUT)
    assert [cells[:3] for cells in rows] == [[row[f"Q9.{item}"] or "" for item in (28, 29, 30)] for row in given]
    complete = np.array([[float(cell) for cell in cells[:3]] for cells in rows if "" not in cells])
    assert [float(cells[3]) for cells in rows if "" not in cells] == complete.sum(axis=1).tolist()
    items, total = complete.var(axis=0, ddof=1), complete.sum(axis=1).var(ddof=1)
    said = f"items {items[0]:.1f}, {items[1]:.1f} and {items[2]:.1f}, together {items.sum():.1f}; total {total:.0f}"
    assert said in page
    assert f"(1 − {items.sum():.1f} / {total:.0f}) = **{3 / 2 * (1 - items.sum() / total):.3f}**" in page
