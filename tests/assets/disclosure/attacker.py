"""Someone who has the open tables of a district's year, and of the revision before, and reckons by linear programming.

What he knows is written here from the tables' documented meaning alone: months add up to longer periods, units to the
district, labels to '*'; stocks follow from flows; tables that share records share counts; counts are not negative, and a
hidden row has a record. He is told, besides, which rows are the same in both revisions. Nothing here knows how rows are
chosen for hiding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import linprog
from scipy.sparse import csr_array
from simulated_office import BASES, CHANNELS, MONTHS, ROOT, SPANS

Terms = list[tuple[float, int]]
Floats = npt.NDArray[np.float64]
ALL = "*"
_FAR = 1e5


@dataclass(frozen=True)
class Table:
    """What is known of a table: flows add up over months; a stock is that of the first or last month. `identities` are sums of
    columns that are zero, `limits` sums that are not above zero. `derived`: columns that
    are sums of others. `counted`: what shares are made of, denominators and numerators. `active`: counts of which a hidden row
    has one, where it is not the first that figures rest on. `labels`: columns that break the rows down, '*' the total."""

    name: str
    labels: tuple[str, ...]
    flows: tuple[str, ...]
    counted: tuple[str, ...]
    identities: tuple[dict[str, int], ...] = ()
    limits: tuple[dict[str, int], ...] = ()
    stocks: tuple[str, str] | None = None
    derived: dict[str, tuple[str, ...]] = field(default_factory=dict)
    leaves: tuple[str, ...] = tuple(MONTHS)
    adds_up: bool = True
    active: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        return (*self.flows, *(self.stocks or ()))

    def parts(self, column: str) -> tuple[str, ...]:
        return self.derived.get(column, (column,))


def _kind(label: str) -> tuple[bool, ...]:
    """Which of the labels are totals: rows of one kind are shown, or left out, together."""
    return tuple(part == ALL for part in label.split("/"))


SETTLEMENT = Table(
    "case_settlement", ("procedure_field",),
    (*(f"n_received_{c}" for c in CHANNELS), "n_settled_early", "n_settled_on_day", "n_settled_late", "n_settled_no_due_date",
     "n_working_days"),
    ("n_received", "n_with_due_date", "n_working_days", "n_in_time", "n_received_online",
     "n_received_postal"),
    ({"n_opening": 1, "n_received": 1, "n_settled": -1, "n_pending": -1},), ({"n_working_days": 1, "n_settled": -1},),
    ("n_opening", "n_pending"),
    {"n_received": tuple(f"n_received_{c}" for c in CHANNELS), "n_in_time": ("n_settled_early", "n_settled_on_day"),
     "n_with_due_date": ("n_settled_early", "n_settled_on_day", "n_settled_late"),
     "n_settled": ("n_settled_early", "n_settled_on_day", "n_settled_late", "n_settled_no_due_date")},
)  # fmt: skip
BASIS = Table(
    "case_supplement_basis", ("basis",), ("n_early", "n_on_day", "n_late", "n_unclassified"),
    ("n_settled", "n_classified", "n_in_time"),
    derived={"n_classified": ("n_early", "n_on_day", "n_late"), "n_settled": ("n_early", "n_on_day", "n_late", "n_unclassified"),
             "n_in_time": ("n_early", "n_on_day")},
    adds_up=False,
)  # fmt: skip
QUALITY = Table(
    "service_quality_766", ("item_code",), ("numerator", "n_denominator", "n_left_out"), ("n_denominator", "numerator"),
    limits=({"numerator": 1, "n_denominator": -1},), adds_up=False, active=("n_denominator", "n_left_out"),
)  # fmt: skip
COMPLAINT = Table(
    "complaint_handling", ("channel", "class"),
    ("n_received", "n_received_no_due_date", "n_closed_in_time", "n_closed_late", "n_closed_no_due_date", "n_working_days"),
    ("n_received", "n_with_due_date", "n_working_days", "n_closed_in_time"),
    ({"n_opening": 1, "n_received": 1, "n_closed": -1, "n_pending": -1},),
    ({"n_working_days": 1, "n_closed": -1}, {"n_received_no_due_date": 1, "n_received": -1}),
    ("n_opening", "n_pending"),
    {"n_with_due_date": ("n_closed_in_time", "n_closed_late"),
     "n_closed": ("n_closed_in_time", "n_closed_late", "n_closed_no_due_date")},
)  # fmt: skip
LEVELS = ("n_very_satisfied", "n_satisfied", "n_dissatisfied")
EVALUATION = Table(
    "one_stop_evaluation", ("weighting",), ("n_forms", *LEVELS), ("n_forms", "n_overall", *LEVELS), derived={"n_overall": LEVELS},
    limits=({"n_overall": 1, "n_forms": -1},), leaves=("2023-Q1", "2023-Q2", "2023-Q3", "2023-Q4"), adds_up=False,
)  # fmt: skip
INDEX = Table(
    "sipas_index", ("node_code",), ("n_forms", "n_forms_answered", "n_answers", "n_satisfied"),
    ("n_forms_answered", "n_answers", "n_satisfied"),
    limits=({"n_forms_answered": 1, "n_forms": -1}, {"n_forms_answered": 1, "n_answers": -1}, {"n_satisfied": 1, "n_answers": -1}),
    adds_up=False, active=("n_forms",),
)  # fmt: skip
QUESTION = Table(
    "survey_question", ("option_code",), ("n_forms", "n_valid", "n_answers"), ("n_valid", "n_answers"),
    limits=({"n_valid": 1, "n_forms": -1}, {"n_answers": 1, "n_valid": -1}), adds_up=False, active=("n_forms",),
)  # fmt: skip

Key = tuple[str, ...]  # table, unit, period, label, column


class Knowledge:
    """Unknown counts, what is known of each, and the linear relations between them."""

    def __init__(self) -> None:
        self._places: dict[tuple[object, ...], int] = {}
        self._low: list[float] = []
        self._high: list[float] = []
        self._equal: list[tuple[Terms, float]] = []
        self._at_most: list[tuple[Terms, float]] = []

    def count(self, *key: object) -> int:
        """The place of an unknown, made on first mention."""
        if key not in self._places:
            self._places[key] = len(self._low)
            self._low.append(0.0)
            self._high.append(np.inf)
        return self._places[key]

    def fix(self, place: int, value: float) -> None:
        self._low[place] = self._high[place] = value

    def equal(self, terms: Terms, value: float = 0.0) -> None:
        self._equal.append((terms, value))

    def at_most(self, terms: Terms, value: float = 0.0) -> None:
        self._at_most.append((terms, value))

    def bounds(self, targets: list[Terms], wanted: int, rng: np.random.Generator, rounds: int = 14) -> Floats:
        """(targets, 2): the least and greatest value of each target, as far as it takes to see `wanted` whole numbers.

        Vertices for objectives by chance show most targets to be wide; the rest is bounded one by one.
        """
        matrix = self._matrix([(terms, 0.0) for terms in targets])
        equal, at_most = self._matrix(self._equal), self._matrix(self._at_most)
        seen = np.full((len(targets), 2), [np.inf, -np.inf])
        wide = np.zeros(len(targets), np.bool_)

        def look(objective: Floats) -> None:
            values = matrix @ self._solve(objective, equal, at_most)
            seen[:, 0] = np.minimum(seen[:, 0], values)
            seen[:, 1] = np.maximum(seen[:, 1], values)
            wide[:] = whole_numbers(seen) >= wanted

        for _ in range(rounds):
            if not wide.all():
                signs = np.where(wide, 0.0, rng.choice([-1.0, 1.0], len(targets)) * rng.random(len(targets)))
                look(signs @ matrix)
                look(-(signs @ matrix))
        for target in range(len(targets)):
            for sign in (1.0, -1.0):
                if not wide[target]:
                    look(sign * matrix[[target]].toarray()[0])
        return seen

    def _solve(self, objective: Floats, equal: csr_array, at_most: csr_array) -> Floats:
        # A bound no count comes near makes every objective bounded; the interior point method is the steadier here.
        bounds = np.column_stack([self._low, np.minimum(self._high, _FAR)])
        answer = linprog(
            objective, A_eq=equal, b_eq=[value for _, value in self._equal], A_ub=at_most,
            b_ub=[value for _, value in self._at_most], bounds=bounds, method="highs-ipm",
        )  # fmt: skip
        assert answer.status == 0, answer.message
        return np.asarray(answer.x)

    def _matrix(self, rows: Iterable[tuple[Terms, float]]) -> csr_array:
        rows = list(rows)
        data = [coefficient for terms, _ in rows for coefficient, _ in terms]
        columns = [place for terms, _ in rows for _, place in terms]
        starts = np.cumsum([0, *(len(terms) for terms, _ in rows)])
        return csr_array((data, columns, starts), shape=(len(rows), len(self._low)))


def whole_numbers(bounds: Floats) -> Floats:
    return np.floor(bounds[:, 1] + 1e-6) - np.ceil(bounds[:, 0] - 1e-6) + 1


@dataclass
class Edition:
    """The open tables of one revision, read as anyone reads them, and what the attacker is told of their leaves."""

    folder: Path
    frames: dict[str, pd.DataFrame] = field(default_factory=dict)
    rows: dict[str, dict[tuple[str, str, str], dict[str, float]]] = field(default_factory=dict)

    def frame(self, table: Table) -> pd.DataFrame:
        if table.name not in self.frames:
            frame = pd.read_parquet(self.folder / "open" / "marts" / f"{table.name}.parquet")
            labels = [frame[name].astype(str) for name in table.labels]
            frame["label"] = labels[0].str.cat(labels[1:], sep="/") if labels else ALL
            self.frames[table.name] = frame.set_index(["unit_code", "period_id", "label"]).sort_index()
        return self.frames[table.name]

    def communes(self, table: Table) -> list[str]:
        return sorted({unit for unit, _, _ in self.frame(table).index if unit != ROOT})

    def told(self, table: Table) -> dict[tuple[str, str, str], dict[str, float]]:
        """The counts that stand in the rows, hidden ones or not, by unit, period and label."""
        if table.name not in self.rows:
            columns = list(dict.fromkeys([*table.columns, *table.derived, *table.counted]))
            rows = self.frame(table)[columns].to_dict("index")
            self.rows[table.name] = {
                place: {column: value for column, value in row.items() if pd.notna(value)}
                for place, row in rows.items()
            }
        return self.rows[table.name]


class Attack:
    """One group of linked tables, in one revision or in two."""

    def __init__(
        self, tables: tuple[Table, ...], editions: list[Edition], same: Callable[[str, str, str], bool]
    ) -> None:
        """`same(table, unit, leaf)`: whether all rows of a unit and leaf are the same in both revisions."""
        self.known = Knowledge()
        self._tables = tables
        self._editions = editions
        self._same = same
        for number in range(len(editions)):
            for table in tables:
                self._learn(number, table)
        self._link()

    def place(self, edition: int, table: str, unit: str, leaf: str, label: str, column: str) -> int:
        """The unknown of a leaf; one for both revisions where the leaf is the same in both."""
        number: object = "both" if self._same(table, unit, leaf) else edition
        return self.known.count(number, table, unit, leaf, label, column)

    def terms(self, edition: int, table: Table, unit: str, period: str, label: str, column: str) -> Terms:
        """A count of any period, in the unknowns of leaves; of the district, in those of its communes."""
        if unit == ROOT:
            communes = self._editions[edition].communes(table)
            return [term for one in communes for term in self.terms(edition, table, one, period, label, column)]
        months = SPANS[period]
        leaves = [leaf for leaf in table.leaves if set(SPANS[leaf]) <= set(months)]
        if table.stocks and column in table.stocks:
            leaves = leaves[:1] if column == table.stocks[0] else leaves[-1:]
        names = table.parts(column)
        return [(1.0, self.place(edition, table.name, unit, leaf, label, name)) for leaf in leaves for name in names]

    def hidden(self, edition: int) -> list[tuple[Key, Terms]]:
        """The counts that shares are made of, of every row that does not tell them."""
        return [
            ((table.name, unit, period, label, column), self.terms(edition, table, unit, period, label, column))
            for table in self._tables
            for (unit, period, label), row in self._editions[edition].told(table).items()
            for column in table.counted
            if column not in row
        ]

    def left_out(self, edition: int, keys: Iterable[Key]) -> list[tuple[Key, Terms]]:
        """Those of the keys that name a commune's records of one label in a row that the table lacks."""
        tables = {table.name: table for table in self._tables if table.labels}
        found = []
        for key in keys:
            name, unit, period, label, column = key
            if name not in tables or unit == ROOT or column != tables[name].counted[0]:
                continue
            is_of_one_label = sum(_kind(label)) == label.count("/")
            if is_of_one_label and (unit, period, label) not in self._editions[edition].frame(tables[name]).index:
                found.append((key, self.terms(edition, tables[name], unit, period, label, column)))
        return found

    def shown(self, edition: int) -> Iterable[tuple[Key, float]]:
        """The same counts, of every row that tells them."""
        for table in self._tables:
            for place, row in self._editions[edition].told(table).items():
                for column in table.counted:
                    if column in row:
                        yield (table.name, *place, column), row[column]

    def _learn(self, number: int, table: Table) -> None:
        rows = self._editions[number].told(table)
        hidden = self._editions[number].frame(table)["hidden"].to_dict()
        told = (*table.columns, *table.derived)
        units = self._editions[number].communes(table)
        labels = sorted({label for _, _, label in rows})
        periods = sorted({period for _, period, _ in rows})
        blocks = {(unit, period, _kind(label)) for unit, period, label in rows}
        for unit in units:
            for leaf in table.leaves:
                for label in labels:
                    self._relate(number, table, unit, leaf, label)
            for period in periods:
                for label in labels:
                    row = rows.get((unit, period, label))
                    for column in told:
                        terms = self.terms(number, table, unit, period, label, column)
                        if row is not None and column in row:
                            self._told(terms, row[column])
                        elif row is None and (unit, period, _kind(label)) in blocks:
                            self._told(terms, 0)  # rows beside it are shown: nothing happened here
                    if row is not None and hidden[unit, period, label]:
                        self._has_a_record(number, table, unit, period, label)
                if len(table.labels) == 1 and table.adds_up:
                    self._add_up(number, table, unit, period, ALL, [label for label in labels if label != ALL])
                for axis in range(len(table.labels)) if len(table.labels) == 2 else ():
                    parts = [
                        label for label in labels if label.split("/")[1 - axis] == ALL and label.split("/")[axis] != ALL
                    ]
                    self._add_up(number, table, unit, period, f"{ALL}/{ALL}", parts)
        for period in periods:
            for label in labels:
                row = rows.get((ROOT, period, label), {})
                for column in told:
                    if column in row:
                        self.known.equal(self.terms(number, table, ROOT, period, label, column), row[column])

    def _told(self, terms: Terms, value: float) -> None:
        if len(terms) == 1:
            self.known.fix(terms[0][1], value)
        else:
            self.known.equal(terms, value)

    def _relate(self, number: int, table: Table, unit: str, leaf: str, label: str) -> None:
        def of(columns: dict[str, int]) -> Terms:
            return [
                (c, self.place(number, table.name, unit, leaf, label, part))
                for name, c in columns.items()
                for part in table.parts(name)
            ]

        for identity in table.identities:
            self.known.equal(of(identity))
        for limit in table.limits:
            self.known.at_most(of(limit))
        if table.stocks and leaf != table.leaves[-1]:
            after = table.leaves[table.leaves.index(leaf) + 1]
            opening = self.place(number, table.name, unit, after, label, table.stocks[0])
            self.known.equal([(1.0, opening), *of({table.stocks[1]: -1})])

    def _has_a_record(self, number: int, table: Table, unit: str, period: str, label: str) -> None:
        columns = table.active or (table.columns if table.stocks else table.counted[:1])
        some = [
            (-1.0, place) for column in columns for _, place in self.terms(number, table, unit, period, label, column)
        ]
        self.known.at_most(some, -1.0)

    def _add_up(self, number: int, table: Table, unit: str, period: str, total: str, parts: list[str]) -> None:
        if period in table.leaves:
            for column in table.columns:
                terms = [(1.0, self.place(number, table.name, unit, period, part, column)) for part in parts]
                self.known.equal([*terms, (-1.0, self.place(number, table.name, unit, period, total, column))])

    def _link(self) -> None:
        """What tables say of each other."""
        names = {table.name for table in self._tables}
        for number, edition in enumerate(self._editions):
            units = {u for table in self._tables for u, _, _ in edition.frame(table).index if u != ROOT}
            for unit in sorted(units):
                for leaf in self._tables[0].leaves:

                    def at(
                        table: Table, label: str, *columns: str, n: int = number, u: str = unit, m: str = leaf
                    ) -> Terms:
                        return [term for column in columns for term in self.terms(n, table, u, m, label, column)]

                    for one, other in self._links(names, at):
                        self.known.equal([*one, *((-c, place) for c, place in other)])

    def _links(self, names: set[str], at: Callable[..., Terms]) -> Iterable[tuple[Terms, Terms]]:
        """Pairs of sums that are the same number."""
        if "case_supplement_basis" in names:
            for basis in BASES:
                yield at(BASIS, basis, "n_settled"), at(SETTLEMENT, ALL, "n_settled")
            for state, column in [
                ("early", "early"),
                ("on_day", "on_day"),
                ("late", "late"),
                ("unclassified", "no_due_date"),
            ]:
                yield at(BASIS, "given", f"n_{state}"), at(SETTLEMENT, ALL, f"n_settled_{column}")
            yield at(QUALITY, "2.2", "n_denominator"), at(SETTLEMENT, ALL, "n_working_days")
            yield at(QUALITY, "2.2", "n_denominator", "n_left_out"), at(SETTLEMENT, ALL, "n_settled")
            yield at(QUALITY, "3.3", "numerator"), at(SETTLEMENT, ALL, "n_received_online")
            yield at(QUALITY, "3.3", "n_denominator", "n_left_out"), at(SETTLEMENT, ALL, "n_received")
        if "complaint_handling" in names:
            total = f"{ALL}/{ALL}"
            yield at(QUALITY, "5.1b", "n_denominator", "n_left_out"), at(COMPLAINT, total, "n_received")
            yield at(QUALITY, "5.1b", "numerator"), at(COMPLAINT, f"{ALL}/conduct", "n_received")
        if "sipas_index" in names:
            items, options = ("item_1", "item_2", "item_3"), ("satisfied", "not", "missing")
            for column in ("n_answers", "n_satisfied"):
                yield [term for item in items for term in at(INDEX, item, column)], at(INDEX, "T", column)
            for node in (*items, "T"):
                yield at(INDEX, node, "n_forms"), at(QUESTION, "not", "n_forms")
            for option in options:
                yield at(QUESTION, option, "n_forms", "n_valid"), at(QUESTION, "not", "n_forms", "n_valid")
                yield at(QUESTION, option, "n_forms"), at(QUESTION, "not", "n_forms")
            yield (
                [term for option in options for term in at(QUESTION, option, "n_answers")],
                at(QUESTION, "not", "n_valid"),
            )
        if "one_stop_evaluation" in names:
            for column in EVALUATION.columns:
                yield at(EVALUATION, "forms", column), at(EVALUATION, "units", column)
