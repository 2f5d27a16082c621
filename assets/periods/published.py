"""What a decision about a period looks at: units, periods and waiting records of the current revision."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import duckdb

FOREVER = dt.date(9999, 12, 31)


@dataclass(frozen=True)
class Unit:
    """A unit of the office as it was between two days, both inclusive."""

    code: str
    name: str
    valid_from: dt.date
    valid_to: dt.date
    parent: str | None


@dataclass(frozen=True)
class Period:
    """A reporting period between two days, both inclusive."""

    id: str
    kind: str
    starts_on: dt.date
    ends_on: dt.date


@dataclass(frozen=True)
class Waiting:
    """Records of one input that wait for a locked period, counted in the unit and those above it."""

    unit: str
    period: str
    dataset: str
    path: str
    new: int
    changed: int
    gone: int


@dataclass(frozen=True)
class Published:
    """One revision as the decisions about periods see it. `inputs` are those it was made of."""

    folder: Path
    units: tuple[Unit, ...]
    periods: dict[str, Period]
    waiting: tuple[Waiting, ...]
    inputs: frozenset[str]

    @property
    def revision(self) -> str:
        return self.folder.name

    def unit(self, code: str, period: Period) -> Unit | None:
        """The unit that the code means on the period's last day; of one that ended within it, the one of the first day."""
        for day in (period.ends_on, period.starts_on):
            for unit in self.units:
                if unit.code == code and unit.valid_from <= day <= unit.valid_to:
                    return unit
        return None

    def children(self, code: str, period: Period) -> list[str]:
        """Codes of the units right below on the period's last day."""
        return sorted(
            {
                unit.code
                for unit in self.units
                if unit.parent == code and unit.valid_from <= period.ends_on <= unit.valid_to
            }
        )

    def with_below(self, code: str, period: Period) -> list[str]:
        """The unit and all below it, each after those below it."""
        return [below for child in self.children(code, period) for below in self.with_below(child, period)] + [code]

    def parts(self, period: Period) -> list[Period]:
        """The months that a longer period is made of, in order; none of a month."""
        if period.kind == "month":
            return []
        within = (
            other
            for other in self.periods.values()
            if other.kind == "month" and period.starts_on <= other.starts_on and other.ends_on <= period.ends_on
        )
        return sorted(within, key=lambda other: other.starts_on)

    def longer(self, period: Period) -> list[Period]:
        """The longer periods that a month is a part of."""
        if period.kind != "month":
            return []
        return [
            other
            for other in self.periods.values()
            if other.kind != "month" and other.starts_on <= period.starts_on and period.ends_on <= other.ends_on
        ]


def read_published(folder: Path) -> Published:
    """Read a revision's folder."""
    with duckdb.connect(str(folder / "analyst" / "sipas.duckdb"), read_only=True) as marts:
        units = marts.execute(
            "SELECT unit_code, unit_name, unit_valid_from, unit_valid_to, parent_code FROM marts.dim_admin_unit "
            "WHERE office_code IS NOT NULL AND unit_level <> 'unassigned' ORDER BY 1, 3"
        ).fetchall()
        periods = marts.execute(
            "SELECT period_id, period_kind, starts_on, ends_on FROM marts.dim_reporting_period ORDER BY starts_on, ends_on"
        ).fetchall()
        waiting = marts.execute(
            "SELECT pending.unit_code, pending.period_id, dataset, coalesce(path, source), n_new, n_changed, n_gone "
            "FROM marts.period_pending AS pending INNER JOIN marts.data_quality AS input USING (input_id) "
            "ORDER BY 2, 1, 3, 4"
        ).fetchall()
        inputs = marts.execute("SELECT input_id FROM marts.data_quality").fetchall()
    return Published(
        folder,
        tuple(Unit(code, name, first, last or FOREVER, parent) for code, name, first, last, parent in units),
        {row[0]: Period(*row) for row in periods},
        tuple(Waiting(*row) for row in waiting),
        frozenset(input_id for (input_id,) in inputs),
    )
