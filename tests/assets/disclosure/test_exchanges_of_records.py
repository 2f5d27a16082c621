"""Exchanges against brute force: every table that agrees with what is shown is listed, and the values counted."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.disclosure.exchange import Target, settle
from assets.disclosure.grid import Grid

# Three leaves, the first two together, and all.
INSIDE = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, 1, 1]], bool)
LEAVES = [0, 1, 2]
MINIMUM, REACH = 4, 2
Tables = npt.NDArray[np.int64]


def _grid(counts: Tables, known_before: npt.NDArray[np.bool_] | None = None) -> Grid:
    totals = counts @ INSIDE.T.astype(np.int64)
    nothing = np.zeros_like(totals, np.bool_)
    return Grid(
        units=[str(u) for u in range(len(counts))],
        periods=["a", "b", "c", "ab", "abc"],
        leaves=LEAVES,
        inside=INSIDE,
        exists=totals > 0,
        hidden=(totals > 0) & (totals < MINIMUM),
        known_before=nothing if known_before is None else known_before,
        inside_before=INSIDE & (known_before is not None),
        spare=[np.maximum(counts - 1, 0)[..., None]],
        has_siblings=True,
        unfinished=np.zeros(len(INSIDE), np.bool_),
    )


def _settle(grid: Grid) -> list[Target]:
    def targets(fresh: npt.NDArray[np.bool_]) -> list[Target]:
        return [Target(int(u), int(p)) for u, p in zip(*np.nonzero(fresh), strict=True)]

    return settle(grid, targets, REACH, by_label=False)


def _possible(counts: Tables, grid: Grid, also_known: npt.NDArray[np.bool_]) -> Tables:
    """(tables, U, T): whole numbers with the same sums over the units, the same known rows, and a record in hidden leaves."""
    ways = []
    for leaf in LEAVES:
        total = int(counts[:, leaf].sum())
        choices = [range(total + 1)] * (len(counts) - 1)
        ways.append([(*some, total - sum(some)) for some in itertools.product(*choices) if sum(some) <= total])
    tables = np.array([np.array(columns).T for columns in itertools.product(*ways)])
    sums = tables @ INSIDE.T.astype(np.int64)
    true = counts @ INSIDE.T.astype(np.int64)
    known = ~grid.hidden | also_known
    fits = ((sums == true) | ~known).all(axis=(1, 2)) & ((sums >= 1) | ~grid.hidden).all(axis=(1, 2))
    return tables[fits]


counts = st.lists(st.lists(st.integers(0, 4), min_size=3, max_size=3), min_size=3, max_size=3).map(np.array)


@settings(max_examples=40, deadline=None)
@given(counts)
def test_every_hidden_count_has_as_many_values_as_promised(table: Tables) -> None:
    grid = _grid(table)
    short = {(target.unit, target.period) for target in _settle(grid)}
    assert ((table @ INSIDE.T.astype(np.int64) > 0) | ~grid.hidden).all(), "zeros are shown"
    possible = _possible(table, grid, np.zeros_like(grid.hidden)) @ INSIDE.T.astype(np.int64)
    for u, p in zip(*np.nonzero(grid.hidden), strict=True):
        if (u, p) not in short:
            assert len(np.unique(possible[:, u, p])) > REACH


@settings(max_examples=40, deadline=None)
@given(counts, st.lists(st.booleans(), min_size=15, max_size=15))
def test_what_was_shown_before_protects_nothing(table: Tables, flags: list[bool]) -> None:
    """The revision before had the same figures and showed some of the rows."""
    shown = np.array(flags).reshape(3, 5)
    grid = _grid(table, known_before=shown)
    short = {(target.unit, target.period) for target in _settle(grid)}
    possible = _possible(table, grid, shown) @ INSIDE.T.astype(np.int64)
    for u, p in zip(*np.nonzero(grid.hidden), strict=True):
        if (u, p) not in short:
            assert len(np.unique(possible[:, u, p])) > REACH


def test_partners_are_the_cheapest_rows() -> None:
    table = np.array([[2, 9, 9], [9, 6, 9], [9, 9, 9]])
    grid = _grid(table)
    assert _settle(grid) == []
    hidden = {(grid.units[u], grid.periods[p]) for u, p in zip(*np.nonzero(grid.hidden), strict=True)}
    assert hidden == {("0", "a"), ("0", "b"), ("1", "a"), ("1", "b")}


def test_a_unit_without_partners_is_reported() -> None:
    grid = _grid(np.array([[2, 0, 0], [0, 3, 0], [0, 0, 2]]))
    assert _settle(grid) != []


def test_a_single_label_has_none_to_be_swapped_with() -> None:
    """All records of an office name one field: what its groups hold is what they hold of it."""
    table = np.array([[2, 9, 9], [9, 6, 9], [9, 9, 9]])
    for has_siblings in (True, False):
        grid = replace(_grid(table), has_siblings=has_siblings)
        wanted = lambda fresh: [Target(int(u), int(p)) for u, p in zip(*np.nonzero(fresh), strict=True)]  # noqa: E731
        assert (0, 0) in {(target.unit, target.period) for target in settle(grid, wanted, REACH, by_label=True)}


def test_a_further_record_may_bring_the_only_label() -> None:
    grid = replace(_grid(np.array([[2, 9, 9]])), has_siblings=False, uncounted=np.array([[True, False, False]]))
    assert settle(grid, lambda _: [Target(0, 0)], REACH, by_label=True) == []


def test_hidden_periods_hide_their_parts() -> None:
    grid = _grid(np.array([[1, 2, 9], [9, 9, 9], [9, 9, 9]]))
    assert grid.hidden[0].tolist() == [True, True, False, True, False]


def _documented() -> list[list[list[str]]]:
    """The two tables of the method's example, cell by cell, without their headings."""
    page = (Path(__file__).parents[3] / "docs" / "methods" / "disclosure-control.md").read_text(encoding="utf-8")
    example = page.split("### Example")[1].split("\n## ")[0]
    tables = re.findall(r"\| unit \|.*?\n\|---.*?\n((?:\|.*\n)+)", example)
    return [[[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()] for table in tables]


def test_the_documented_example() -> None:
    before, after = _documented()
    table = np.array([[int(cell) for cell in row[1:4]] for row in before[:3]])
    inside = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1]], bool)
    totals = table @ inside.T.astype(np.int64)
    assert [[int(cell) for cell in row[1:]] for row in before] == [*totals.tolist(), totals.sum(axis=0).tolist()]
    nothing = np.zeros_like(totals, np.bool_)
    grid = Grid(
        ["A", "B", "C"], ["January", "February", "March", "quarter"], [0, 1, 2], inside, totals > 0, totals < 10, nothing,
        np.zeros_like(inside), [np.maximum(table - 1, 0)[..., None]], True, np.zeros(4, np.bool_),
    )  # fmt: skip
    targets = lambda fresh: [Target(int(u), int(p)) for u, p in zip(*np.nonzero(fresh), strict=True)]  # noqa: E731
    assert settle(grid, targets, 4, by_label=False) == []
    shown = [["hidden" if grid.hidden[u, p] else str(totals[u, p]) for p in range(4)] for u in range(3)]
    assert [row[1:] for row in after[:3]] == shown
    possible = [x for x in range(1, 52) if min(24 - x, 22 - x, 63 - 28 - (24 - x)) >= 1]
    assert (possible[0], possible[-1], len(possible)) == (1, 21, 21)
