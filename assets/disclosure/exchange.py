"""How far a hidden count can lie from the truth without a trace, and what else to hide so that it is far enough.

The proof is an exchange. Let unit u have d records more in leaf t and d fewer in leaf s, and its sibling v the reverse, all
of one kind (the same labels, received and settled in the same month). No row that holds both leaves, no sum over the units
and no other figure that is shown changes when the four rows, and all shorter and longer rows that hold only one of the
leaves, are hidden. So the reader cannot tell: the count of (u, t) may be d higher. A leaf that no known row of a unit holds
needs no second leaf. Several exchanges that take from different rows add up. Each is a possible truth in whole records, so
every value in between is possible too; nothing is assumed about how the reader reckons.

Nothing here knows marts, revisions or files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from assets.disclosure.grid import Counts, Flags, Grid

_ENOUGH = 1 << 30


@dataclass(frozen=True)
class Target:
    """A hidden count of unit `unit` in period `period`, of label `label` where labels themselves are hidden."""

    unit: int
    period: int
    label: int = 0


def settle(grid: Grid, targets: Callable[[Flags], list[Target]], reach: int, by_label: bool) -> list[Target]:
    """Hide more of the grid until each target can lie `reach` away from the truth; return those that cannot.

    `targets` lists the counts to protect among newly hidden rows (U, P). Deterministic; each step hides the cheapest rows
    that give what is missing.
    """
    measure = Labelled(grid) if by_label else Totals(grid)
    done = np.zeros_like(grid.hidden)
    failed: list[Target] = []
    while (fresh := grid.hidden & ~done).any():
        done |= fresh
        for target in targets(fresh):
            if not _reached(grid, measure, target, reach):
                failed.append(target)
    # What was hidden later may help what came first.
    return [target for target in failed if measure.reach(target, reach) < reach]


def more_of(grid: Grid, enough: int) -> Counts:
    """(U, P): how many records more than it has each hidden row can have, as far as `enough`; 0 for the others."""
    measure = Totals(grid)
    more = np.zeros(grid.hidden.shape, np.int64)
    for u, p in zip(*np.nonzero(grid.hidden & grid.exists), strict=True):
        more[u, p] = min(measure.upwards(Target(int(u), int(p)), enough), enough)
    return more


def _reached(grid: Grid, measure: Totals | Labelled, target: Target, reach: int) -> bool:
    while (missing := reach - measure.reach(target, reach)) > 0:
        rows = _cheapest(grid, measure, target, missing)
        if rows is None:
            return False
        grid.hidden |= rows
        grid.close()
        measure.renew()
    return True


def _cheapest(grid: Grid, measure: Totals | Labelled, target: Target, missing: int) -> Flags | None:
    """Rows (U, P) whose hiding gives the target partners, at the least cost per record exchanged; None when there are none."""
    best: tuple[tuple[float, ...], Flags] | None = None
    rows: Flags
    hidable = grid.exists & ~grid.hidden
    usable: Flags
    longer = ~np.isin(np.arange(len(grid.periods)), grid.leaves)
    for aim, other, blocked, blocked_before in _openings(grid, target):
        if aim is not target and best is not None:
            break
        # A leaf that was known before cannot move itself; a longer period would tell of the leaves in it.
        usable = np.logical_not((grid.known_before & blocked_before & longer).any(axis=1))
        if not usable[target.unit]:
            continue
        new = hidable & blocked
        price = new @ grid.cost
        amounts = np.minimum(measure.partners(aim, other), missing)
        if grid.has_siblings:
            usable[target.unit] = False
            whole = price + price[target.unit]
        else:
            whole = price
        usable &= (amounts > 0) & (whole > 0)
        for unit in np.flatnonzero(usable):
            rank = (float(whole[unit]) / float(amounts[unit]), float(measure.size[unit]), float(unit))
            if best is None or rank < best[0]:
                rows = np.zeros_like(grid.hidden)
                for place in (target.unit, int(unit)):
                    rows[place] = new[place]
                best = rank, rows
    return None if best is None else best[1]


def _openings(grid: Grid, target: Target) -> Iterator[tuple[Target, Flags | None, Flags, Flags]]:
    """Leaves to exchange with, of any other period beside the target's, or none where every period that holds one of its leaves
    is hidden; and the periods that would tell the leaves apart, now and in the revision before. Last, the same for a single leaf
    of the target's: others of them may be known from before."""
    mine = grid.inside[target.period]
    yield target, None, (grid.inside & mine).any(axis=1), (grid.inside_before & mine).any(axis=1)
    for other in range(len(grid.periods)):
        if not (grid.inside[other] & mine).any():
            both = mine | grid.inside[other]
            yield target, grid.inside[other], _divides(grid.inside, both), _divides(grid.inside_before, both)
    for leaf in (leaf for place, leaf in enumerate(grid.leaves) if mine[place] and leaf != target.period):
        some = grid.inside[leaf]
        aim = replace(target, period=leaf)
        yield aim, None, (grid.inside & some).any(axis=1), (grid.inside_before & some).any(axis=1)


def _divides(inside: Flags, leaves: Flags) -> Flags:
    """(P): periods that hold some of the leaves and not all of them."""
    return np.asarray((inside & leaves).any(axis=1) & ~(inside | ~leaves).all(axis=1), np.bool_)


class Totals:
    """Exchanges of whole records: all labels of a record stay, its unit or leaf changes."""

    def __init__(self, grid: Grid) -> None:
        self.grid = grid
        # (U, T, U, T): like records that both rows have, at least one label of each kind in common.
        self._common = _least(np.minimum(s[:, :, None, None, :], s[None, None]).sum(axis=-1) for s in grid.spare)
        self._own = _least(s.sum(axis=-1) for s in grid.spare)
        self._movable = ~grid.known_before[:, grid.leaves]
        self.size = self._own.sum(axis=1)
        self.renew()

    def renew(self) -> None:
        self._same, self._free = self.grid.relations()

    def reach(self, target: Target, enough: int) -> int:
        """How far the target can lie from the truth, upwards and downwards together."""
        up = self.upwards(target, enough)
        return up if up >= enough else up + self._one_way(target, enough, upwards=False)

    def upwards(self, target: Target, enough: int) -> int:
        return self._one_way(target, enough, upwards=True)

    def _one_way(self, target: Target, enough: int, upwards: bool) -> int:
        grid, u = self.grid, target.unit
        mine = grid.inside[target.period]
        # Each row gives once: leaves of the unit itself, and siblings, that are not taken from yet.
        places, siblings = ~mine, np.ones(len(grid.units), np.bool_)
        siblings[u] = False
        found = 0
        for t in np.flatnonzero(mine & grid.hidden[u, grid.leaves]):
            if grid.has_siblings:
                found += self._beside(u, int(t), enough - found, upwards, places, siblings)
            elif self._free[u, t]:
                found += _ENOUGH if upwards else int(self._own[u, t])
            else:
                others = self._same[u, t] & places
                found += int(self._own[u, others].sum() if upwards else self._own[u, t] * others.any())
                places &= ~others | (not upwards)
            if found >= enough:
                break
        return found

    def _beside(self, u: int, t: int, enough: int, upwards: bool, places: Flags, siblings: Flags) -> int:
        """What siblings can exchange with leaf t of unit u; takes away what gave from `places` and `siblings`."""
        own, found = int(self._own[u, t]), 0
        if self._free[u, t]:
            give = self._free[:, t] & (np.arange(len(siblings)) != u)
            found = int(self._own[give, t].sum()) if upwards else own * bool(give.any())
            if found >= enough or not upwards:
                return found
        leaves = np.flatnonzero(self._same[u, t] & places)
        if not len(leaves):
            return found
        # (leaves, U)
        amounts = self._common[u][leaves][:, :, t] if upwards else self._common[u, t][:, leaves].T
        amounts = np.where(self._same[:, t, :][:, leaves].T & siblings, amounts, 0)
        if self._free[u, t]:
            amounts[:, self._free[:, t]] = 0  # counted above
        left = enough - found if upwards else min(enough - found, own)
        given = 0
        while given < left and amounts.any():
            place, unit = np.unravel_index(int(amounts.argmax()), amounts.shape)
            given += int(amounts[place, unit])
            amounts[:, unit] = 0
            if upwards:
                amounts[place, :] = 0
                places[leaves[place]] = False
            else:
                siblings[unit] = False
        return found + (given if upwards else min(given, own))

    def partners(self, target: Target, other: Flags | None) -> Counts:
        """(U): what each unit could exchange if all rows in the way were hidden."""
        grid, u = self.grid, target.unit
        mine = grid.inside[target.period] & grid.exists[u, grid.leaves] & self._movable[u]
        if not mine.any():
            return np.zeros(len(grid.units), np.int64)
        if other is None:
            if not grid.has_siblings:
                return np.full(len(grid.units), _ENOUGH)
            mine_of_all: Counts = (self._own * self._movable)[:, mine].sum(axis=1)
            return mine_of_all
        if not grid.has_siblings:
            other_own: Counts = self._own[:, other].sum(axis=1)
            return other_own
        given = [(s[u] * self._movable[u][:, None])[other].sum(axis=0) for s in grid.spare]
        taken = [(s * self._movable[..., None])[:, mine].sum(axis=1) for s in grid.spare]
        return _least(np.minimum(g[None], t).sum(axis=-1) for g, t in zip(given, taken, strict=True))


class Labelled:
    """Exchanges of labels: records of two rows swap their label, so that every total of a row stays as it is."""

    def __init__(self, grid: Grid) -> None:
        self.grid = grid
        (self._spare,) = grid.spare
        leaves = len(grid.leaves)
        self._unseen = np.zeros((leaves, leaves), np.bool_) if grid.above is None else grid.above
        self.size = self._spare.sum(axis=(1, 2))
        self.renew()

    def renew(self) -> None:
        self._same, self._free = self.grid.relations()

    def reach(self, target: Target, enough: int) -> int:
        """How far the target can lie from the truth, upwards and downwards together."""
        found = 0
        for takes, gives in self._ways(target.label):
            if found < enough:
                found += self._one_way(target, enough - found, takes, gives)
        return found

    def _ways(self, label: int) -> tuple[tuple[Counts, Counts], tuple[Counts, Counts]]:
        """Upwards and downwards: the labels that the target's records take, and those that they give for it."""
        its, others = np.array([label]), np.delete(np.arange(self._spare.shape[2]), label)
        return (its, others), (others, its)

    def _one_way(self, target: Target, enough: int, takes: Counts, gives: Counts) -> int:
        spare = self._spare.copy()
        mine = self.grid.inside[target.period]
        found, grown = 0, 0
        for t in np.flatnonzero(mine):
            grown_here = 0
            while found < enough:
                room = self._room(target, int(t), takes, grown, grown_here)
                step = self._step(spare, target, int(t), mine, takes, gives, room)
                if step is None:
                    break
                amount, cells, is_fresh = step
                for cell in cells:
                    spare[cell] -= amount
                found += amount
                grown += amount * is_fresh
                grown_here += amount * is_fresh
        return found

    def _room(self, target: Target, t: int, takes: Counts, grown: int, grown_here: int) -> int:
        """How many records more the leaf may have, instead of another label for those it has."""
        more = self.grid.uncounted
        if more is None or target.label not in takes:
            return 0
        u = target.unit
        return int(min(more[u, target.period] - grown, more[u, self.grid.leaves[t]] - grown_here))

    def _step(
        self, spare: Counts, target: Target, t: int, mine: Flags, takes: Counts, gives: Counts, room: int
    ) -> tuple[int, list[tuple[int, int, int]], bool] | None:
        """The largest swap of labels with leaf t of the target: its size, the records that it uses up, and whether it is of
        `room` for records more."""
        grid, u, fresh = self.grid, target.unit, room > 0
        given = spare[u, t, gives]
        alone_here = self._free[u, t] and (not grid.has_siblings or self._unseen[t, t])
        if fresh and alone_here:
            return room, [], True
        if not (len(takes) and len(gives)):
            return None  # a single label has none to be swapped with
        if self._free[u, t]:
            y = int(given.argmax())
            if alone_here:
                amount = int(given[y])
                return (amount, [(u, t, int(gives[y]))], False) if amount else None
            # Any record that no known row holds, of a leaf that the sums do not tell from this one.
            alike = self._unseen[t] & ~mine
            alike[t] = True
            taken = np.where((self._free & alike)[..., None], spare[:, :, takes], 0)
            taken[u, mine] = 0
            v, s, x = (int(place) for place in np.unravel_index(int(taken.argmax()), taken.shape))
            amount = int(min(room if fresh else given[y], taken[v, s, x]))
            if amount:
                own = [] if fresh else [(u, t, int(gives[y]))]
                return amount, [*own, (v, s, int(takes[x]))], fresh
        places = np.flatnonzero(self._same[u, t] & ~mine)
        if not len(places):
            return None
        # (places, takes, gives): the label given by (u, t) against the one taken from (u, s).
        own = np.minimum(given[None, None, :], spare[u, places][:, takes][:, :, None])
        alone = own if not grid.has_siblings else np.where(self._unseen[t, places][:, None, None], own, 0)
        if alone.any() or not grid.has_siblings:
            place, x, y = (int(place) for place in np.unravel_index(int(alone.argmax()), own.shape))
            amount = int(alone[place, x, y])
            cells = [(u, t, int(gives[y])), (u, int(places[place]), int(takes[x]))]
            return (amount, cells, False) if amount else None
        theirs = np.minimum(spare[:, t][:, takes][:, None, :, None], spare[:, places][:, :, gives][:, :, None, :])
        theirs = np.where(self._same[:, t, :][:, places][:, :, None, None], theirs, 0)
        theirs[u] = 0
        whole = np.minimum(own[None], theirs)
        v, place, x, y = (int(place) for place in np.unravel_index(int(whole.argmax()), whole.shape))
        amount = int(whole[v, place, x, y])
        other, label_taken, label_given = int(places[place]), int(takes[x]), int(gives[y])
        cells = [(u, t, label_given), (u, other, label_taken), (v, t, label_taken), (v, other, label_given)]
        return (amount, cells, False) if amount else None

    def partners(self, target: Target, other: Flags | None) -> Counts:
        """(U): what each unit could exchange if all rows in the way were hidden, upwards or downwards."""
        up, down = (self._partners(target, other, *way) for way in self._ways(target.label))
        return np.maximum(up, down)

    def _partners(self, target: Target, other: Flags | None, takes: Counts, gives: Counts) -> Counts:
        grid, u = self.grid, target.unit
        mine = np.flatnonzero(grid.inside[target.period])
        given = self._spare[u][mine][:, gives]
        if other is None:
            if not grid.has_siblings:
                return np.full(len(grid.units), int(given.sum()))
            taken = self._spare[:, mine][:, :, takes].sum(axis=2)
            both: Counts = np.minimum(given.sum(axis=1)[None], taken).sum(axis=1)
            return both
        places = np.flatnonzero(other)
        own = np.minimum(given[:, None, None, :], self._spare[u][places][:, takes][None, :, :, None])
        if not grid.has_siblings:
            return np.full(len(grid.units), int(own.max(initial=0)))
        taken = self._spare[:, mine][:, :, takes][:, :, None, :, None]
        theirs = np.minimum(taken, self._spare[:, places][:, :, gives][:, None, :, None, :])
        best: Counts = np.minimum(own[None], theirs).max(axis=(1, 2, 3, 4), initial=0)
        return best


def _least(arrays: Iterator[Counts]) -> Counts:
    least = next(arrays)
    for array in arrays:
        least = np.minimum(least, array)
    return least
