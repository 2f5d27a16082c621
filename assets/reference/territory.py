"""Where each unit's people stand now: the table of changes followed to the units in force. SQL applies it to figures."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pyarrow as pa

# Decimals of a share; a third then stands as 0.333333, 0.333333 and 0.333334, so that the shares of a unit add up to 1.
SHARE_DECIMALS = 6
UNIT_NOW_SCHEMA = pa.schema(
    [
        pa.field("unit_code", pa.string(), nullable=False),
        pa.field("unit_valid_from", pa.date32(), nullable=False),
        pa.field("now_code", pa.string(), nullable=False),
        pa.field("now_valid_from", pa.date32(), nullable=False),
        pa.field("share", pa.decimal128(18, SHARE_DECIMALS), nullable=False),
    ]
)

_ONE_DAY = timedelta(days=1)
_END = date.max

Key = tuple[str, date]


@dataclass(frozen=True)
class _Unit:
    code: str
    valid_from: date
    valid_to: date
    parent_code: str | None

    @property
    def key(self) -> Key:
        return self.code, self.valid_from


def units_now(admin_unit: pa.Table, changes: pa.Table, roots: Sequence[str]) -> pa.Table:
    """Return what became of every unit: UNIT_NOW_SCHEMA, one row per unit and unit in force that has a share of it.

    A unit that changed follows its rows of `changes`, over several changes if need be: the target that took it unchanged,
    whole, or with all its people; where only parts are known, its targets in equal shares. A unit that ended without a
    successor stands under the unit above it. Beside the unit in force stand the units above it, up to the office's root,
    with the same share: figures of a commune count in its city too. The shares of a unit in those of one level add up to 1.
    """
    units = _units(admin_unit)
    by_code: dict[str, list[_Unit]] = defaultdict(list)
    for unit in units:
        by_code[unit.code].append(unit)
    targets: dict[tuple[str, date], list[tuple[str, str]]] = defaultdict(list)
    for row in changes.to_pylist():
        targets[row["old_code"], row["changed_on"]].append((row["extent"], row["new_code"]))
    follower = _Follower(by_code, targets)
    rows = []
    for unit in units:
        found: dict[Key, Decimal] = defaultdict(Decimal)
        for now, share in _rounded(follower.follow(unit)):
            for place in _upwards(now, by_code, roots):
                found[place] += share
        rows += [(*unit.key, *place, share) for place, share in sorted(found.items())]
    named = [dict(zip(UNIT_NOW_SCHEMA.names, row, strict=True)) for row in rows]
    return pa.Table.from_pylist(named, schema=UNIT_NOW_SCHEMA)


def _units(admin_unit: pa.Table) -> list[_Unit]:
    """The units by code and first day; where validities of one code overlap, the later one wins from its first day on."""
    listed = sorted(admin_unit.to_pylist(), key=lambda row: (row["code"], row["valid_from"]))
    units = []
    for row, following in zip(listed, [*listed[1:], None], strict=True):
        valid_to = row["valid_to"] or _END
        if following is not None and following["code"] == row["code"]:
            valid_to = min(valid_to, following["valid_from"] - _ONE_DAY)
        units.append(_Unit(row["code"], row["valid_from"], valid_to, row["parent_code"]))
    return units


def _in_force(code: str, day: date, by_code: Mapping[str, Sequence[_Unit]]) -> _Unit | None:
    return next((unit for unit in by_code.get(code, ()) if unit.valid_from <= day <= unit.valid_to), None)


class _Follower:
    """Follows units over their changes; each unit's answer is remembered."""

    def __init__(
        self, by_code: Mapping[str, Sequence[_Unit]], targets: Mapping[tuple[str, date], Sequence[tuple[str, str]]]
    ) -> None:
        self._by_code = by_code
        self._targets = targets
        self._known: dict[Key, dict[_Unit, Fraction]] = {}

    def follow(self, unit: _Unit) -> dict[_Unit, Fraction]:
        """Return the units in force that the unit's people live in now, with their shares of 1."""
        if unit.key not in self._known:
            found: dict[_Unit, Fraction] = defaultdict(Fraction)
            successors = self._successors(unit)
            for successor in successors:
                for now, share in self.follow(successor).items():
                    found[now] += share / len(successors)
            self._known[unit.key] = dict(found) or {unit: Fraction(1)}
        return self._known[unit.key]

    def _successors(self, unit: _Unit) -> list[_Unit]:
        """The units that a unit went to on the day after its last; none while it is in force or has nothing above it."""
        if unit.valid_to == _END:
            return []
        changed_on = unit.valid_to + _ONE_DAY
        stated = self._targets.get((unit.code, changed_on), ())
        # One target that took everybody is enough; parts count where none did.
        for extents in (("unchanged", "whole", "population"), ("part",)):
            found = [
                successor
                for extent, code in stated
                if extent in extents and (successor := _in_force(code, changed_on, self._by_code)) is not None
            ]
            if found:
                return found
        # The unit above may have ended on the same day; then its own successors are asked.
        above = _in_force(unit.parent_code, unit.valid_to, self._by_code) if unit.parent_code else None
        return [above] if above is not None else []


def _rounded(shares: Mapping[_Unit, Fraction]) -> Iterator[tuple[_Unit, Decimal]]:
    """Yield the shares rounded so that they still add up to 1: the last one takes what is left."""
    rest = Decimal(1)
    ordered = sorted(shares.items(), key=lambda item: item[0].key)
    for unit, share in ordered[:-1]:
        rounded = round(Decimal(share.numerator) / Decimal(share.denominator), SHARE_DECIMALS)
        rest -= rounded
        yield unit, rounded
    yield ordered[-1][0], rest


def _upwards(unit: _Unit, by_code: Mapping[str, Sequence[_Unit]], roots: Sequence[str]) -> list[Key]:
    """The unit, and the units above it up to the uppermost root; only the unit where no root stands above it."""
    chain = [unit]
    while (above_code := chain[-1].parent_code) is not None:
        above = _in_force(above_code, unit.valid_to, by_code)
        if above is None or above in chain:
            break
        chain.append(above)
    tops = [place for place, found in enumerate(chain) if found.code in roots]
    return [found.key for found in chain[: (max(tops) if tops else 0) + 1]]
