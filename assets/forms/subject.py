"""Whom and when a form is about: a unit with its place in the administration, and a reporting period."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, order=True)
class UnitKey:
    """A unit is a code and the day from which the code means it; codes are used again for other territory."""

    code: str
    valid_from: date


@dataclass(frozen=True)
class Unit:
    """One unit of an office. `level` is commune, district or city; `parts` are the units right under it, by name."""

    key: UnitKey
    name: str
    level: str
    parent_name: str
    parts: tuple[UnitKey, ...]


@dataclass(frozen=True)
class Period:
    """One reporting period: `kind` is month, quarter, half_year, nine_months or year; both dates belong to it."""

    period_id: str
    kind: str
    starts_on: date
    ends_on: date
    label_vi: str
    label_en: str


@dataclass(frozen=True)
class Subject:
    """What one form is about, and the names of all units that may stand in it. `simulated`: the figures are not real."""

    unit: Unit
    period: Period
    names: dict[UnitKey, str]
    simulated: bool
