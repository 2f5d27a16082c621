"""The units that have pages, what they are called and what stands under them."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from assets.site.source import OpenMarts, Row, UnitKey
from assets.text.wording import name_key

LEVELS = ("province", "district", "commune")
_UNASSIGNED = "unassigned"
_SAFE = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]*")


@dataclass(frozen=True)
class Unit:
    """A unit of the office. `folder` is its place in the site; the unassigned unit of a root has none."""

    code: str
    valid_from: date
    valid_to: date | None
    level: str
    name: str
    parent_code: str | None
    office_code: str
    folder: str

    @property
    def key(self) -> UnitKey:
        return self.code, self.valid_from

    @property
    def is_root(self) -> bool:
        return self.code == self.office_code


class Units:
    """Units under the roots of the workspace, in the order of their level and name."""

    def __init__(self, marts: OpenMarts) -> None:
        rows = marts.rows("dim_admin_unit")
        self._names = {(row["unit_code"], row["unit_valid_from"]): str(row["unit_name"]) for row in rows}
        self._levels = {(row["unit_code"], row["unit_valid_from"]): str(row["unit_level"]) for row in rows}
        listed = [row for row in rows if row["office_code"] is not None]
        times = Counter(row["unit_code"] for row in listed)
        self._all = sorted((_unit(row, times) for row in listed), key=_place)
        self.by_key = {unit.key: unit for unit in self._all}
        with_rows = set().union(
            marts.index_overall, marts.index_now, marts.cases_whole, marts.complaints_whole,
            marts.submitted, marts.submission_rates,
        )  # fmt: skip
        self.paged = [unit for unit in self._all if unit.folder and (unit.key in with_rows or unit.is_root)]
        self._below: dict[str, list[Unit]] = defaultdict(list)
        for unit in self._all:
            if unit.parent_code and not unit.is_root and (unit.folder == "" or unit.key in with_rows):
                self._below[unit.parent_code].append(unit)

    def parts(self, unit: Unit) -> list[Unit]:
        """Units right under it while it was in force, the unassigned one of a root last."""
        return [part for part in self._below[unit.code] if _overlap(unit, part)]

    def below(self, unit: Unit) -> list[Unit]:
        """Units at every level below, without unassigned ones."""
        found = [part for part in self.parts(unit) if part.folder]
        return found + [deep for part in found if part.code != unit.code for deep in self.below(part)]

    def names(self, units: Sequence[Unit], valid_from: str) -> dict[UnitKey, str]:
        """Name of each; units of one name are told apart by `valid_from`, with {day} for their first day."""
        times = Counter(unit.name for unit in units)
        return {
            unit.key: unit.name if times[unit.name] == 1 else f"{unit.name} ({valid_from.format(day=unit.valid_from)})"
            for unit in units
        }

    def name(self, key: UnitKey) -> str:
        """Name of any unit of the country, in the office or not."""
        return self._names.get(key, key[0])

    def level(self, key: UnitKey) -> str:
        return self._levels.get(key, "")


def _unit(row: Row, times: Counter[str]) -> Unit:
    code, valid_from = str(row["unit_code"]), row["unit_valid_from"]
    slug = code if _SAFE.fullmatch(code) else "u" + code.encode().hex()
    folder = slug if times[code] == 1 else f"{slug}-{valid_from}"
    return Unit(
        code, valid_from, row["unit_valid_to"], str(row["unit_level"]), str(row["unit_name"]), row["parent_code"],
        str(row["office_code"]), "" if row["unit_level"] == _UNASSIGNED else folder,
    )  # fmt: skip


def _place(unit: Unit) -> tuple[int, tuple[list[int], str], UnitKey]:
    level = LEVELS.index(unit.level) if unit.level in LEVELS else len(LEVELS)
    return level, name_key(unit.name), unit.key


def _overlap(unit: Unit, part: Unit) -> bool:
    return (unit.valid_to is None or part.valid_from <= unit.valid_to) and (
        part.valid_to is None or unit.valid_from <= part.valid_to
    )
