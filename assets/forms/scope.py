"""Which units and periods there are forms of, as the marts have them: no clock and no earlier revision is asked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from assets.forms.figures import Query, Row
from assets.forms.subject import Period, Subject, Unit, UnitKey
from assets.text.wording import name_key

# Marts whose rows say that a period holds data.
_HOLDING = ("case_settlement", "complaint_handling", "sipas_index", "submission_rate")
_LEVELS = {"commune": "commune", "district": "district", "province": "city"}
_ALWAYS = date.max


@dataclass(frozen=True)
class Calendar:
    """The reporting periods that hold data, by their last day. `heard_on`: the latest day on which something was sent."""

    periods: tuple[Period, ...]
    heard_on: date | None

    @property
    def ended(self) -> tuple[Period, ...]:
        """A period has ended when something was sent after its last day."""
        return tuple(period for period in self.periods if self.heard_on and period.ends_on < self.heard_on)

    def last_months(self, months: int) -> tuple[Period, ...]:
        """The last ended months; of each longer kind those that ended within them, at the least the latest one."""
        chosen = [period for period in self.ended if period.kind == "month"][-months:] if months else []
        if not chosen:
            return ()
        for kind in ("quarter", "half_year", "nine_months", "year"):
            longer = [period for period in self.ended if period.kind == kind]
            within = [period for period in longer if period.ends_on >= chosen[0].ends_on]
            chosen += within or longer[-1:]
        return tuple(sorted(chosen, key=lambda period: (period.ends_on, period.starts_on)))


def read_calendar(query: Query) -> Calendar:
    """Return the calendar of the warehouse."""
    held = " UNION ".join(f"SELECT period_id FROM marts.{mart}" for mart in _HOLDING)
    rows = query(
        "SELECT period_id, period_kind, starts_on, ends_on, label_vi, label_en FROM marts.dim_reporting_period "
        f"WHERE period_id IN ({held})"
    ).to_pylist()
    periods = [
        Period(row["period_id"], row["period_kind"], row["starts_on"], row["ends_on"], row["label_vi"], row["label_en"])
        for row in rows
    ]
    [heard] = query("SELECT max(sent_on) AS heard_on FROM marts.data_quality").to_pylist()
    return Calendar(tuple(sorted(periods, key=lambda period: (period.ends_on, period.starts_on))), heard["heard_on"])


class Territory:
    """The units of the offices, and which of them there are in a period."""

    def __init__(self, query: Query) -> None:
        rows = query(
            "SELECT unit_code, unit_valid_from, unit_valid_to, unit_level, unit_name, parent_code, parent_valid_from, "
            "office_code FROM marts.dim_admin_unit"
        ).to_pylist()
        self.names = {_key(row): str(row["unit_name"]) for row in rows}
        self._units = sorted(
            (row for row in rows if row["office_code"] is not None and row["unit_level"] in _LEVELS),
            key=lambda row: (name_key(row["unit_name"]), _key(row)),
        )

    @property
    def codes(self) -> frozenset[str]:
        return frozenset(row["unit_code"] for row in self._units)

    def subjects(self, period: Period, simulated: bool, codes: Iterable[str] | None = None) -> list[Subject]:
        """What the forms of a period are about: every unit of the offices in force on one of its days, by code.

        `codes` leaves the others out; parts are always all that there are.
        """
        wanted = None if codes is None else frozenset(codes)
        in_force = [
            row
            for row in self._units
            if row["unit_valid_from"] <= period.ends_on and (row["unit_valid_to"] or _ALWAYS) >= period.starts_on
        ]
        below: dict[str, list[UnitKey]] = {}
        for row in in_force:
            below.setdefault(row["parent_code"], []).append(_key(row))
        return [
            Subject(self._unit(row, below.get(row["unit_code"], ())), period, self.names, simulated)
            for row in sorted(in_force, key=_key)
            if wanted is None or row["unit_code"] in wanted
        ]

    def _unit(self, row: Row, parts: Sequence[UnitKey]) -> Unit:
        above = (row["parent_code"], row["parent_valid_from"])
        parent = "" if None in above else self.names.get(UnitKey(*above), "")
        return Unit(_key(row), row["unit_name"], _LEVELS[row["unit_level"]], parent, tuple(parts))


def _key(row: Row) -> UnitKey:
    return UnitKey(row["unit_code"], row["unit_valid_from"])
