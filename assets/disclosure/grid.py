"""Units that stand side by side, times the periods of one year: what is hidden there, and which leaves a reader cannot tell
apart. Where the figures come from and what is hidden at first is decided by the caller."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Flags = npt.NDArray[np.bool_]
Counts = npt.NDArray[np.int64]
Relations = tuple[Flags, Flags]


@dataclass
class Grid:
    """Sibling units (axis U), periods (P) and the shortest of these periods, the leaves (T).

    `leaves` are places among the periods. `inside` (P, T): the leaf is part of the period. `exists` (U, P): the row has a
    record; one without is shown, or is not there, and known to be zero. `hidden` (U, P): the reader does not see the row.
    `known_before` (U, P): the previous revision showed it; its periods reached over `inside_before` (P, T), for later leaves
    had no data yet. `spare`: per kind of label (field, channel, …), (U, T, labels): like records of a label that could have
    been counted in another leaf or unit without a trace. `has_siblings`: the sums over the units are known per leaf;
    `above`: the relations of the row that holds them, where it is hidden itself and nothing stands above it.
    `unfinished` (P): the period has leaves to come; told month by month, it would tell each of them. `uncounted` (U, P): where
    labels are hidden, how many records more the row can have, for their number is hidden as well; 0 where it is not.
    """

    units: list[str]
    periods: list[str]
    leaves: list[int]
    inside: Flags
    exists: Flags
    hidden: Flags
    known_before: Flags
    inside_before: Flags
    spare: list[Counts]
    has_siblings: bool
    unfinished: Flags
    above: Flags | None = None
    uncounted: Counts | None = None
    cost: npt.NDArray[np.float64] = field(init=False)

    def __post_init__(self) -> None:
        self._signs = np.concatenate([self.inside, self.inside_before]).astype(np.int32)
        self._differ = (self._signs[:, :, None] != self._signs[:, None, :]).astype(np.int32)
        size = self.inside.sum(axis=1)
        # What a hidden row costs its reader: a long period more than its leaves together, the whole year most.
        self.cost = size**1.25 * np.where((size == size.max()) & (size > 1), 4.0, 1.0)
        # The order of two hidings does not matter: a hidden period hides its parts.
        self._longer = ~np.isin(np.arange(len(self.periods)), self.leaves)
        self._parts = (self.inside[:, None, :] | ~self.inside[None, :, :]).all(axis=2)
        self.close()

    def close(self) -> None:
        """Hide the parts of what is hidden, for they would tell the sum; and an unfinished period with any of its leaves
        that no finished one tells of."""
        whole = self.hidden & ~self.unfinished
        covered = (whole.astype(np.int32) @ self._parts.astype(np.int32)) > 0
        self.hidden |= covered & self.exists
        if self.unfinished.any():
            told = (~self.hidden & ~self.unfinished & self._longer).astype(np.int32) @ self.inside.astype(np.int32) > 0
            loose = self.hidden[:, self.leaves] & ~told
            self.hidden |= (loose.astype(np.int32) @ self.inside.T.astype(np.int32) > 0) & self.unfinished & self.exists

    def relations(self) -> Relations:
        """(U, T, T): each known row holds both leaves or neither, so that a record may lie in the one or the other;
        (U, T): no known row holds the leaf."""
        known = np.concatenate([~self.hidden, self.known_before], axis=1).astype(np.int32)
        same = np.tensordot(known, self._differ, axes=(1, 0)) == 0
        return same, (known @ self._signs) == 0
