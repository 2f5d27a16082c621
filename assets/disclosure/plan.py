"""The plan of a publication: which rows of the open tables are hidden or left out, for all tables together.

Subjects are gone through one after the other, units from the top down, and breakdowns after their totals, so that what is
hidden above is hidden below. The proof that it is enough stands in `exchange`.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from assets.disclosure.exchange import Target, more_of, settle
from assets.disclosure.grid import Counts, Flags, Grid
from assets.disclosure.previous import Previous, open_previous
from assets.disclosure.rows import OPENING, SEPARATOR, TABLES, row_key
from assets.disclosure.rules import DisclosureRules
from assets.disclosure.subjects import Subject, part_under, subjects

Query = Callable[[str], pa.Table]
_KINDS = ("year", "nine_months", "half_year", "quarter", "month")


class _Of(Enum):
    """What hidden counts are of: whole records; a breakdown of them that is shown whole or left out whole, whose small parts
    are protected; what they say, hidden where they are, all of it protected."""

    RECORDS = auto()
    BREAKDOWN = auto()
    ATTRIBUTES = auto()


@dataclass(frozen=True)
class Plan:
    """`tables`: those the plan decides about. `hidden`: names of the subjects' rows that they do not show. `short`: hidden rows
    whose count can be bounded more narrowly than the rules ask, whatever else is hidden. `carried`: a digest of the plan where
    the previous revision made it another one than the figures alone would, else None."""

    rules: DisclosureRules
    hidden: frozenset[str] = frozenset()
    tables: frozenset[str] = frozenset()
    short: int = 0
    carried: str | None = None
    names: pa.Array = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", pa.array(sorted(self.hidden), pa.string()))


def make_plan(query: Query, tables: Iterable[str], rules: DisclosureRules, previous: Path | None) -> Plan:
    """Plan the hiding for the marts as they stand; `tables` are the marts there are, `previous` the revision before."""
    if not rules.hides:
        return Plan(rules)
    alone = _Planner(query, frozenset(tables), rules, None, frozenset()).plan()
    if previous is None or not rules.earlier_revisions:
        return alone
    with open_previous(previous) as before:
        if before is None:
            return alone
        # Who has this revision alone is to find no less than who has both.
        together = _Planner(query, frozenset(tables), rules, before, alone.hidden).plan()
    if together.hidden == alone.hidden:
        return alone
    digest = hashlib.sha256("\n".join(sorted(together.hidden)).encode()).hexdigest()[:16]
    return replace(together, carried=digest)


@dataclass
class _Rows:
    """Rows of one part of a subject as arrays: units (U), periods (P); per kind of label (U, P, labels). `small` (U, P, labels
    or 1): on few records; of attributes, whether a share is made of the label."""

    units: list[str]
    periods: list[str]
    has_any: Flags
    small: Flags
    n: Counts
    spare: Counts
    labels: list[Counts]

    def at(self, rows: Iterable[tuple[str, str]]) -> Flags:
        """(U, P): whether the unit and period is among those named."""
        flags = np.zeros_like(self.has_any)
        units, periods = ({name: place for place, name in enumerate(names)} for names in (self.units, self.periods))
        for unit, period in rows:
            if unit in units and period in periods:
                flags[units[unit], periods[period]] = True
        return flags


class _Planner:
    def __init__(
        self,
        query: Query,
        tables: frozenset[str],
        rules: DisclosureRules,
        before: Previous | None,
        at_least: frozenset[str],
    ) -> None:
        self._query = query
        self._tables = tables
        self._rules = rules
        self._before = before
        self._shown_before = _by_part(before.shown if before is not None else ())
        self._at_least = _by_part(at_least)
        self._hidden: dict[tuple[str, str], set[tuple[str, str]]] = {}
        self._short = 0
        self._parents = self._read_parents()
        self._months, self._years, self._kinds, self._last_months = self._read_calendar()

    def plan(self) -> Plan:
        for subject in subjects(self._rules.minimum_n):
            if self._tables.issuperset(subject.tables):
                self._plan_subject(subject)
        if "sipas_index_now" in self._tables:
            self._follow_territory()
        if "one_stop_evaluation" in self._tables:
            self._follow_levels()
        hidden = frozenset(row_key(*part, *row) for part, rows in self._hidden.items() for row in rows)
        return Plan(self._rules, hidden, self._tables & TABLES.keys(), self._short)

    def _frame(self, sql: str) -> pd.DataFrame:
        answer: pd.DataFrame = self._query(sql).to_pandas()
        return answer

    def _read_parents(self) -> dict[str, str]:
        units = self._frame(
            "select unit_code, cast(unit_valid_from as varchar) as unit_valid_from, parent_code,"
            " cast(parent_valid_from as varchar) as parent_valid_from from marts.dim_admin_unit"
            " where parent_code is not null"
        )
        above = _joined(units, "parent_code", "parent_valid_from")
        return dict(zip(_joined(units, "unit_code", "unit_valid_from"), above, strict=True))

    def _read_calendar(self) -> tuple[dict[str, frozenset[str]], dict[str, str], dict[str, int], dict[str, str]]:
        periods = self._frame("select * from marts.dim_reporting_period order by period_id")
        months = sorted(periods.loc[periods["period_kind"] == "month", "period_id"])
        inside, years, kinds = {}, {}, {}
        for row in periods.itertuples():
            name = str(row.period_id)
            within = frozenset(month for month in months if str(row.first_month_id) <= month <= str(row.last_month_id))
            inside[name] = within
            years[name], kinds[name] = str(row.year), _KINDS.index(str(row.period_kind))
        return inside, years, kinds, dict(zip(periods["period_id"], periods["last_month_id"].astype(str), strict=True))

    def _plan_subject(self, subject: Subject) -> None:
        now = _Frames(subject, self._frame)
        before = None if self._before is None else _Frames.of_previous(subject, self._before)
        for part, rows in now.parts():
            old = None if before is None else before.part(part)
            labels = [_labels(frame, rows, part) for frame in now.kinds()]
            whole = replace(rows, labels=[array for array in labels if array is not None])
            self._hidden[subject.name + OPENING, part] = now.opening(part)
            more = np.zeros_like(rows.n)
            under = self._under(subject, part, rows)
            hidden = self._plan_rows(subject.name, part, whole, old, under, _Of.RECORDS, more)
            for of, mark, frames, old_frames in (
                (_Of.BREAKDOWN, "is_small", now.withheld, before.withheld if before is not None else {}),
                (_Of.ATTRIBUTES, "is_share", now.attributes, before.attributes if before is not None else {}),
            ):
                for name, frame in frames.items():
                    broken = _broken_down(frame, whole, part, mark)
                    old_broken = None if old is None else _broken_down(old_frames[name], old, part, mark)
                    settled = self._plan_rows(name, part, broken, old_broken, hidden, of, more)
                    hidden = settled if of is _Of.ATTRIBUTES else hidden

    def _under(self, subject: Subject, part: str, rows: _Rows) -> Flags:
        above = () if subject.under is None else self._hidden.get(part_under(subject.name, part), ())
        return rows.at(above)

    def _plan_rows(
        self, name: str, part: str, rows: _Rows, old: _Rows | None, under: Flags, of: _Of, more: Counts
    ) -> Flags:
        """Decide about one part of a subject, or one breakdown of it; returns what is hidden (U, P). `more` (U, P), how many
        records more hidden rows can have, is found for records and held to by what they say."""
        hidden: Flags = under | rows.at(self._at_least.get((name, part), ()))
        if of is not _Of.ATTRIBUTES:
            hidden = hidden | rows.small.any(axis=2)
        hidden &= rows.has_any
        known_before: Flags = np.zeros_like(hidden)
        periods_before: Flags = np.zeros(len(rows.periods), np.bool_)
        # (U, P, labels or 1): shown before and still the same, or large: no secret of its own.
        out: Flags = np.zeros_like(rows.small)
        spare = rows.spare
        if old is not None and self._before is not None:
            old = _aligned(old, rows)
            periods_before = _anywhere(old.has_any)
            hid = old.has_any & ~rows.at(self._shown_before.get((name, part), ()))
            # A longer row of zeros says no more than its leaves do.
            told = old.has_any | self._are_leaves(rows.periods)[None, :]
            known_before = np.asarray(~hid & told & periods_before[None, :], np.bool_)
            same: Flags = (
                (old.n == rows.n) & (old.n > 0) & (old.spare == rows.spare).reshape(*old.n.shape, -1).all(axis=2)
            )
            hidden |= hid & same & rows.has_any & ~self._unfinished(rows.periods, periods_before)[None, :]
            large = (
                rows.spare >= self._rules.minimum_n if of is _Of.ATTRIBUTES else ~rows.small.any(axis=2, keepdims=True)
            )
            out = np.broadcast_to(known_before[..., None] & (same[..., None] | large), out.shape)
            # What moves, moves in both revisions: no more than either has.
            spare = np.where(
                old.has_any.reshape(*old.n.shape, *[1] * (spare.ndim - 2)), np.minimum(spare, old.spare), spare
            )
        above = {unit: self._parents.get(unit) for unit in rows.units}
        place = {unit: u for u, unit in enumerate(rows.units)}
        children: dict[int | None, list[int]] = defaultdict(list)
        for u, unit in enumerate(rows.units):
            children[place.get(above[unit] or "")].append(u)
        for parent, group in children.items():  # a unit with one unit below it has that unit's figures
            if parent is not None and len(group) == 1:
                hidden[parent] |= hidden[group[0]] & rows.has_any[parent]
        years = defaultdict(list)
        for p, period in enumerate(rows.periods):
            years[self._years.get(period, "")].append(p)
        for year in years.values():
            settled = _Year(
                rows,
                self._leaves(rows.periods, year),
                year,
                self._inside(rows.periods, year),
                periods_before,
                self._unfinished(rows.periods, _anywhere(rows.has_any)),
            )
            start = hidden.copy()
            while True:
                hidden[:] = start
                short: list[tuple[int | None, int]] = []
                open_groups: list[tuple[int | None, list[int]]] = [(None, [root]) for root in children[None]]
                while open_groups:
                    parent, group = open_groups.pop()
                    failed = settled.settle(
                        group, parent, hidden, known_before, out, spare, more, self._rules.reach, of
                    )
                    short += [(parent, period) for period in failed]
                    open_groups += [(u, children[u]) for u in group if u in children]
                # Where few of all units say something, no unit can have said it much more often: the sum is hidden too.
                sums = start.copy()
                for holder, p in short:
                    while holder is not None:
                        sums[holder, p] |= rows.has_any[holder, p]
                        holder = place.get(above[rows.units[holder]] or "")
                if of is not _Of.ATTRIBUTES or (sums == start).all():
                    break
                start = sums
            self._short += 0 if of is _Of.BREAKDOWN else len(short)
        self._hidden[name, part] = {(rows.units[u], rows.periods[p]) for u, p in zip(*np.nonzero(hidden), strict=True)}
        return hidden

    def _unfinished(self, periods: list[str], have_data: Flags) -> Flags:
        """(P): periods that last longer than there are data."""
        last = [self._last_months.get(period, period) for period in periods]
        latest = max((last[p] for p in np.flatnonzero(have_data & self._are_leaves(periods))), default="")
        return np.array([p in self._kinds and end > latest for p, end in zip(periods, last, strict=True)], np.bool_)

    def _are_leaves(self, periods: list[str]) -> Flags:
        return np.array(
            [self._kinds.get(p, 0) == max(self._kinds.get(o, 0) for o in periods) for p in periods], np.bool_
        )

    def _leaves(self, periods: list[str], year: list[int]) -> list[int]:
        finest = max(self._kinds.get(periods[p], 0) for p in year)
        return [i for i, p in enumerate(year) if self._kinds.get(periods[p], 0) == finest]

    def _inside(self, periods: list[str], year: list[int]) -> Flags:
        months = [self._months.get(periods[p], frozenset((periods[p],))) for p in year]
        leaves = self._leaves(periods, year)
        return np.array([[months[leaf] <= whole for leaf in leaves] for whole in months], np.bool_)

    def _follow_levels(self) -> None:
        """Cases met with discontent are the late ones, which are told, and those whose form is dissatisfied: not told where the
        levels of the forms are not, nor of any other period that overlaps a shortest one of these."""
        evaluated = {
            str(period)
            for period in self._frame("select distinct period_id from marts.one_stop_evaluation")["period_id"]
        }
        levels = self._hidden.get(("level", ""), set())
        finest = max((self._kinds[period] for period in evaluated), default=0)
        self._hidden["contentment", ""] = levels | {
            (unit, period)
            for unit, leaf in levels
            if self._kinds[leaf] == finest
            for period in self._months.keys() - evaluated
            if self._months[period] & self._months[leaf]
        }

    def _follow_territory(self) -> None:
        """Units of now are hidden with any of the units they were made of."""
        moved = self._frame(
            "select unit_code, cast(unit_valid_from as varchar) as unit_valid_from, now_code,"
            " cast(now_valid_from as varchar) as now_valid_from from landing.unit_now"
        )
        now = defaultdict(list)
        units = zip(
            _joined(moved, "unit_code", "unit_valid_from"), _joined(moved, "now_code", "now_valid_from"), strict=True
        )
        for unit, later in units:
            now[unit].append(later)
        for name, part in list(self._hidden):
            if name == "period":
                rows = self._hidden[name, part]
                self._hidden["now", part] = {(unit, period) for old, period in rows for unit in now[old]}


@dataclass
class _Year:
    """The rows of one year, settled group by group."""

    rows: _Rows
    leaves: list[int]
    year: list[int]
    inside: Flags
    periods_before: Flags
    unfinished: Flags
    above: dict[int, Flags] = field(default_factory=dict)

    def settle(
        self, group: list[int], parent: int | None, hidden: Flags, known_before: Flags, out: Flags, spare: Counts, more: Counts, reach: int,
        of: _Of,
    ) -> list[int]:  # fmt: skip
        """Settle the units of one group in `hidden`, but for what is `out` already; returns the periods of the counts that stay
        short of the rules."""
        here = np.ix_(group, self.year)
        exists = self.rows.has_any[here]
        start = hidden[here]
        if parent is not None:
            start = start | hidden[parent, self.year] & exists
        if not start.any():
            return []
        if of is _Of.BREAKDOWN and parent is not None and reach:
            start = self._by_level(start, exists)
        if parent is not None and len(group) == 1:
            hidden[here] = start
            return []
        leaves = [self.year[leaf] for leaf in self.leaves]
        at_leaves = np.ix_(group, leaves)
        present = exists[:, self.leaves]
        kept = [np.maximum(spare[at_leaves], 0)]
        if of is not _Of.RECORDS:
            kept = [kept[0] * present[..., None]]
        else:
            kept = [kept[0][..., None] * present[..., None]]
            kept += [np.maximum(labels[at_leaves], 0) for labels in self.rows.labels]
            kept = [np.minimum(array, kept[0]) for array in kept]
        grid = Grid(
            units=[self.rows.units[u] for u in group],
            periods=[self.rows.periods[p] for p in self.year],
            leaves=self.leaves,
            inside=self.inside,
            exists=exists,
            hidden=start,
            known_before=known_before[here],
            inside_before=self.inside & self.periods_before[leaves][None, :],
            spare=kept,
            has_siblings=parent is not None,
            above=self.above.get(parent) if parent is not None else None,
            unfinished=self.unfinished[self.year],
            uncounted=more[here] if of is _Of.ATTRIBUTES else None,
        )
        secret = ~out[here]
        if of is not _Of.RECORDS:
            secret = secret & self.rows.small[here]

        def targets(fresh: Flags) -> list[Target]:
            wanted = secret & fresh[..., None]
            order = np.argsort(-self.inside.sum(axis=1), kind="stable")
            if of is _Of.BREAKDOWN:
                # One that no sibling shows in a period has no sums but those above and beside it: nothing to subtract.
                apart = np.asarray((exists & ~grid.hidden).any(axis=0) | (parent is None), np.bool_)
                wanted &= apart[None, :, None]
            return [
                Target(int(u), int(p), int(b)) for p in order for u, b in zip(*np.nonzero(wanted[:, p]), strict=True)
            ]

        short = settle(grid, targets, reach, of is not _Of.RECORDS) if reach else []
        hidden[here] = grid.hidden
        if of is _Of.RECORDS and reach:
            more[here] = more_of(grid, reach)
        same, free = grid.relations()
        untold = grid.above if parent is not None else np.ones_like(same[0])
        for place, unit in enumerate(group) if untold is not None else ():
            # On the diagonal: whether the sum of the leaf is known at all. What a unit does not tell the one above it may.
            np.fill_diagonal(same[place], False)
            self.above[unit] = (same[place] | np.diag(free[place])) & untold
        return [self.year[target.period] for target in short]

    def _by_level(self, hidden: Flags, exists: Flags) -> Flags:
        """A breakdown of periods shorter than the longest is left out of all siblings where one would lack one of them: it would
        be nearly so anyway, nine months less six would tell a quarter, and the longest, which readers want most, then needs
        no partners for the shorter ones' sake."""
        length = self.inside.sum(axis=1)
        shorter = length < length.max()
        if not hidden[:, shorter].any():
            return hidden
        return np.where(shorter[None, :], exists, hidden)


class _Frames:
    """The answers of a subject's SELECTs."""

    def __init__(self, subject: Subject, frame: Callable[[str], pd.DataFrame]) -> None:
        self.rows = frame(subject.rows)
        self.labels = [frame(sql) for sql in subject.labels]
        self.withheld = {name: frame(sql) for name, sql in subject.withheld.items()}
        self.attributes = {name: frame(sql) for name, sql in subject.attributes.items()}
        self._opening = self.rows.iloc[:0].copy() if subject.opening is None else frame(subject.opening)
        for answer in (self.rows, self._opening, *self.labels, *self.withheld.values(), *self.attributes.values()):
            answer["unit"] = _joined(answer, "unit_code", "unit_valid_from")

    @classmethod
    def of_previous(cls, subject: Subject, before: Previous) -> _Frames | None:
        if before.frame(subject.rows) is None:
            return None
        columns = [
            "unit_code",
            "unit_valid_from",
            "period_id",
            "part",
            "kind",
            "label",
            "n",
            "is_small",
            "is_share",
            "spare",
        ]
        empty = pd.DataFrame(columns=columns)

        def answer(sql: str) -> pd.DataFrame:
            found = before.frame(sql)
            return empty.copy() if found is None else found

        return cls(subject, answer)

    def parts(self) -> Iterable[tuple[str, _Rows]]:
        for part in sorted(self.rows["part"].unique()):
            rows = self.part(part)
            if rows is not None:
                yield part, rows

    def part(self, part: str) -> _Rows | None:
        frame = self.rows[self.rows["part"] == part]
        if frame.empty:
            return None
        units, periods = sorted(frame["unit"].unique()), sorted(frame["period_id"].unique())
        u, p = _places(frame, units, periods)
        shape = (len(units), len(periods))
        rows = _Rows(
            units,
            periods,
            _filled(shape, (u, p), frame["has_any"]) > 0,
            _filled((*shape, 1), (u, p, np.zeros(len(u), np.int64)), frame["is_small"]) > 0,
            _filled(shape, (u, p), frame["n"]),
            _filled(shape, (u, p), frame["spare"]),
            [],
        )
        rows.has_any &= ~rows.at(self.opening(part))
        return rows

    def opening(self, part: str) -> set[tuple[str, str]]:
        """Units and periods that are left out, and so neither hidden nor a partner."""
        frame = self._opening[self._opening["part"] == part]
        return set(zip(frame["unit"], frame["period_id"], strict=True))

    def kinds(self) -> list[pd.DataFrame]:
        if not self.labels:
            return []
        together = pd.concat(self.labels)
        return [frame for _, frame in together.groupby("kind", sort=True)]


def _labels(frame: pd.DataFrame, rows: _Rows, part: str) -> Counts | None:
    frame = frame[frame["part"] == part]
    if frame.empty:
        return None
    labels = sorted(frame["label"].unique())
    u, p = _places(frame, rows.units, rows.periods)
    b = _indexes(labels, frame["label"])
    return _filled((len(rows.units), len(rows.periods), len(labels)), (u, p, b), frame["spare"])


def _broken_down(frame: pd.DataFrame, rows: _Rows, part: str, mark: str) -> _Rows:
    frame = frame[frame["part"] == part]
    labels = sorted(frame["label"].unique()) or [""]
    u, p = _places(frame, rows.units, rows.periods)
    shape = (len(rows.units), len(rows.periods), len(labels))
    at = (u, p, _indexes(labels, frame["label"]))
    return _Rows(
        rows.units, rows.periods, rows.has_any, _filled(shape, at, frame[mark]) > 0,
        _filled(shape, at, frame["n"]).sum(axis=2), _filled(shape, at, frame["spare"]), labels=[],
    )  # fmt: skip


def _aligned(old: _Rows, rows: _Rows) -> _Rows:
    """The old rows in the places of the new ones."""
    u = [rows.units.index(unit) for unit in old.units if unit in set(rows.units)]
    from_u = [i for i, unit in enumerate(old.units) if unit in set(rows.units)]
    p = [rows.periods.index(period) for period in old.periods if period in set(rows.periods)]
    from_p = [i for i, period in enumerate(old.periods) if period in set(rows.periods)]

    def moved(array: Any, like: Any) -> Any:
        target = np.zeros_like(like)
        if array.ndim == 2 or array.shape[2:] == like.shape[2:]:
            target[np.ix_(u, p)] = array[np.ix_(from_u, from_p)]
        return target

    return _Rows(
        rows.units, rows.periods, moved(old.has_any, rows.has_any), rows.small, moved(old.n, rows.n),
        moved(old.spare, rows.spare), [],
    )  # fmt: skip


def _places(frame: pd.DataFrame, units: list[str], periods: list[str]) -> tuple[Counts, Counts]:
    return _indexes(units, frame["unit"]), _indexes(periods, frame["period_id"])


def _indexes(names: list[str], values: pd.Series) -> Counts:
    return pd.Index(names).get_indexer(pd.Index(values)).astype(np.int64)


def _filled(shape: tuple[int, ...], places: tuple[Counts, ...], values: pd.Series) -> Counts:
    array = np.zeros(shape, np.int64)
    array[places] = values.fillna(0).astype(np.int64)
    return array


def _by_part(names: Iterable[str]) -> dict[tuple[str, str], set[tuple[str, str]]]:
    """Names of rows, taken apart: unit and period by subject and part."""
    parts: dict[tuple[str, str], set[tuple[str, str]]] = defaultdict(set)
    for name in names:
        subject, part, code, first_day, period = name.split(SEPARATOR)
        parts[subject, part].add((f"{code}{SEPARATOR}{first_day}", period))
    return parts


def _anywhere(flags: Flags) -> Flags:
    return np.asarray(flags.any(axis=0), np.bool_).reshape(-1)


def _joined(frame: pd.DataFrame, code: str, first_day: str) -> pd.Series:
    return frame[code].astype(str) + SEPARATOR + frame[first_day].astype(str)
