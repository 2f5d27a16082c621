"""The worked examples of the method pages on change, rank and small areas are what the software computes."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from assets.estimates.differences import difference, error_without_spread, holm
from assets.estimates.fay_herriot import area_estimates
from assets.estimates.ranks import rank_sets, simultaneous_critical_value

METHODS = Path(__file__).resolve().parents[1] / "docs" / "methods"


def lines(page: str, columns: int) -> list[list[str]]:
    """The rows of tables with that many columns whose first cell is the letter of a commune."""
    text = (METHODS / page).read_text(encoding="utf-8")
    rows = [
        [cell.strip() for cell in row.strip("|").split("|")] for row in re.findall(r"^\| [A-D] \|.*\|$", text, re.M)
    ]
    return [row for row in rows if len(row) == columns]


def test_the_worked_changes() -> None:
    rows = lines("comparison.md", 9)
    later, earlier = (np.array([[float(n) for n in row[side].split("/")] for row in rows]) for side in (1, 2))
    share, n = [side[:, 0] / side[:, 1] for side in (later, earlier)], [side[:, 1] for side in (later, earlier)]
    raw = [np.sqrt(p * (1 - p) / (size - 1)) for p, size in zip(share, n, strict=True)]
    errors = [error_without_spread(*side) for side in zip(share, raw, n, strict=True)]
    found = difference(*share, *errors, n[0] - 1, n[1] - 1, covariance=np.full(len(rows), np.nan))
    adjusted, tests = holm(found.p_value, np.zeros(len(rows), dtype=np.int64))
    assert len(rows) == 4 and set(tests) == {4}
    for place, row in enumerate(rows):
        figures = [
            100 * found.difference,
            100 * found.standard_error,
            found.degrees_of_freedom,
            found.p_value,
            adjusted,
        ]
        said = [cell.replace("−", "-") for cell in row[3:8]]
        decimals = (2, 2, 1, 4, 4)
        assert said == [f"{values[place]:.{digits}f}" for values, digits in zip(figures, decimals, strict=True)]
        assert row[8] == ("none" if adjusted[place] >= 0.05 else "rise")
    assert f"{100 * errors[0][2]:.2f} points, not 0" in (METHODS / "comparison.md").read_text(encoding="utf-8")


def test_the_worked_ranks() -> None:
    rows, given = lines("comparison.md", 5), lines("comparison.md", 9)
    counts = np.array([[float(n) for n in row[1].split("/")] for row in given])
    share, n = counts[:, 0] / counts[:, 1], counts[:, 1]
    found = rank_sets(share, error_without_spread(share, np.sqrt(share * (1 - share) / (n - 1)), n))
    for place, row in enumerate(rows):
        assert row == [
            given[place][0],
            f"{100 * share[place]:.2f}",
            str(1 + (share > share[place]).sum()),
            f"{found.low_marginal[place]}–{found.high_marginal[place]}",
            f"{found.low_simultaneous[place]}–{found.high_simultaneous[place]}",
        ]
    page = (METHODS / "comparison.md").read_text(encoding="utf-8")
    assert f"The simultaneous c is {simultaneous_critical_value(4, 0.05):.2f}." in page


def test_the_worked_small_areas() -> None:
    rows = lines("small-area.md", 6)
    share, n = (np.array([float(row[column]) for row in rows]) for column in (1, 2))
    share = share / 100
    found = area_estimates(share, n, np.zeros(len(rows), dtype=np.int64))
    for place, row in enumerate(rows):
        assert row[3:] == [
            f"{found.direct_weight[place]:.2f}",
            f"{100 * found.share[place]:.2f}",
            f"{100 * found.low[place]:.2f}–{100 * found.high[place]:.2f}",
        ]
    # What the page says of the way back: the mean of sin² of a normal variable, by drawing.
    g1 = found.direct_weight[0] / (4 * n[0])
    angle = np.arcsin(np.sqrt(found.share[0]))
    bias = found.share[0] - (1 - np.exp(-2 * g1) * np.cos(2 * angle)) / 2
    drawn = np.sin(np.random.default_rng(1).normal(angle, np.sqrt(g1), 200_000)) ** 2
    assert found.share[0] - drawn.mean() == pytest.approx(bias, abs=1e-3)
    page = " ".join((METHODS / "small-area.md").read_text(encoding="utf-8").split())
    for said in (
        f"A = {found.variance[0]:.5f} on the arcsine scale",
        f"towards the mean of {100 * found.synthetic[0]:.2f}",
        f"moves by {100 * abs(found.share[2] - share[2]):.2f} points",
        f"with g1 = {g1:.4f}, it is {100 * bias:.2f} points",
    ):
        assert said in page
