"""Exchanges against brute force: every table that agrees with what is shown is listed, and the values counted."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from assets.disclosure.exchange import Target, more_of, settle
from assets.disclosure.grid import Grid

# Three leaves, the first two together, and all.
INSIDE = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, 1, 1]], bool)
LEAVES = [0, 1, 2]
MINIMUM, REACH = 4, 2
Tables = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


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


def _over_periods(counts: Tables) -> Tables:
    """(…, T, labels) to (…, P, labels)."""
    return np.einsum("...tl,pt->...pl", counts, INSIDE.astype(np.int64))


def _labelled(
    counts: Tables, records: Grid, known_before: Flags, root_hidden: Flags
) -> tuple[Grid, Flags, set[tuple[int, int, int]]]:
    """What units tell of two labels, hidden where their records are and where the sums above are; with what is hidden of these
    (P), and the counts that are short of the rules."""
    totals, of_root = _over_periods(counts), counts.sum(axis=0, keepdims=True)
    n = totals.sum(axis=2)
    root = replace(
        records, units=["root"], exists=n.sum(axis=0, keepdims=True) > 0, hidden=root_hidden[None] & (n.sum(axis=0) > 0),
        known_before=np.zeros((1, 5), np.bool_), spare=[of_root], has_siblings=False,
    )  # fmt: skip
    same, free = root.relations()
    np.fill_diagonal(same[0], False)
    grid = replace(
        records, hidden=records.hidden | root.hidden & (n > 0), known_before=known_before, spare=[counts],
        above=same[0] | np.diag(free[0]), uncounted=more_of(records, REACH),
    )  # fmt: skip

    def targets(fresh: Flags) -> list[Target]:
        wanted = fresh[..., None] & ~known_before[..., None] & (totals > 0)
        return [Target(int(u), int(p), int(label)) for u, p, label in zip(*np.nonzero(wanted), strict=True)]

    short = settle(grid, targets, REACH, by_label=True)
    return grid, root.hidden[0], {(target.unit, target.period, target.label) for target in short}


def _possible_labels(counts: Tables, records: Grid, grid: Grid, shown_before: Flags, root_hidden: Flags) -> Tables:
    """(tables, U, P, labels): the sums of all tables with the same number of records in each leaf that agree with what is shown
    of records and labels, of the units and of the sum over them."""
    true, of_root = _over_periods(counts), _over_periods(counts.sum(axis=0))
    counted, labelled = ~records.hidden | shown_before, ~grid.hidden | shown_before

    def agrees(tables: Tables, period: int) -> Flags:
        """(tables, U, labels) of one period."""
        n = tables.sum(axis=2)
        fits = ((n == true[:, period].sum(axis=1)) | ~counted[:, period]).all(axis=1)
        fits &= ((n > 0) | ~records.hidden[:, period]).all(axis=1)
        fits &= ((tables == true[:, period]) | ~labelled[:, period, None]).all(axis=(1, 2))
        return fits & ((tables.sum(axis=1) == of_root[period]).all(axis=1) | root_hidden[period])

    ways, cells = [], counts.shape[0] * counts.shape[2]
    for leaf in LEAVES:
        places = int(counts[:, leaf].sum()) + cells - 1
        bars = itertools.combinations(range(places), cells - 1)
        every = np.array([np.diff((-1, *bar, places)) - 1 for bar in bars]).reshape(
            -1, counts.shape[0], counts.shape[2]
        )
        ways.append(every[agrees(every, leaf)])
    assume(len(ways[0]) * len(ways[1]) * len(ways[2]) < 100_000)
    choices = np.meshgrid(*(np.arange(len(way)) for way in ways), indexing="ij")
    tables = _over_periods(np.stack([way[choice.ravel()] for way, choice in zip(ways, choices, strict=True)], axis=2))
    for period in range(len(LEAVES), len(INSIDE)):
        tables = tables[agrees(tables[:, :, period], period)]
    return tables


NONE, EVERY = [False] * 5, [True] * 5
flags = st.lists(st.booleans(), min_size=5, max_size=5)
labelled_counts = st.lists(
    st.lists(st.lists(st.integers(0, 4), min_size=2, max_size=2), min_size=3, max_size=3), min_size=2, max_size=2
)


@settings(max_examples=30, deadline=None)
@given(
    labelled_counts,
    st.one_of(st.just([NONE, NONE]), st.lists(flags, min_size=2, max_size=2)),
    st.one_of(st.just(NONE), flags),
)
# The number of a unit's records is hidden in the first two leaves, not in both together.
@example([[[0, 2], [0, 2], [0, 0]], [[0, 2], [1, 3], [2, 3]]], [NONE, NONE], NONE)
# Nobody can have a record more.
@example([[[1, 1], [1, 1], [1, 0]], [[1, 0], [1, 1], [1, 0]]], [NONE, NONE], EVERY)
def test_every_hidden_count_of_a_label_has_as_many_values_as_promised(
    table: list[list[list[int]]], before: list[list[bool]], root: list[bool]
) -> None:
    """Records of two labels: few records are hidden, and what they say with them; of some sums over the units, and for their
    sake of the units, the labels alone. The revision before had the same figures and showed some of the rows."""
    counts, shown_before, root_hidden = np.array(table), np.array(before), np.array(root)
    assume(not (shown_before.any() and root_hidden.any()))
    n = counts.sum(axis=2)
    records = _grid(n, known_before=shown_before)
    records = replace(records, spare=[*records.spare, np.minimum(counts, records.spare[0])])
    _settle(records)
    grid, root_hidden, short = _labelled(counts, records, shown_before, root_hidden)
    possible, true = _possible_labels(counts, records, grid, shown_before, root_hidden), _over_periods(counts)
    for u, p, label in zip(*np.nonzero(grid.hidden[..., None] & ~shown_before[..., None] & (true > 0)), strict=True):
        if (u, p, label) not in short:
            assert len(np.unique(possible[:, u, p, label])) > REACH


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
    grid = replace(_grid(np.array([[2, 9, 9]])), has_siblings=False, uncounted=np.array([[REACH, 0, 0, 0, 0]]))
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
