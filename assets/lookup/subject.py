"""What a reader asks about, found by code or name in the marts of a revision: unit and period, with suggestions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import duckdb

from assets.reference.units import names_meant
from quality.problem import did_you_mean

_SHOWN = 12


class NotFound(Exception):
    """Nothing, or more than one thing, fits what was asked for; the message says what there is."""


@dataclass(frozen=True)
class Unit:
    """One unit of the days it was in force; `valid_to` is None while it is."""

    code: str
    valid_from: dt.date
    valid_to: dt.date | None
    name: str
    level: str


@dataclass(frozen=True)
class Period:
    """One reporting period, both days included."""

    period_id: str
    label_vi: str
    label_en: str
    starts_on: dt.date
    ends_on: dt.date
    first_month_id: str
    last_month_id: str


def find_period(marts: duckdb.DuckDBPyConnection, text: str) -> Period:
    """The reporting period of an id such as 2023-06 or 2023-Q2. Raises NotFound."""
    rows = marts.execute(
        "SELECT period_id, label_vi, label_en, starts_on, ends_on, first_month_id, last_month_id"
        " FROM marts.dim_reporting_period ORDER BY period_id"
    ).fetchall()
    known = {row[0]: Period(*row) for row in rows}
    if text.upper() in known:
        return known[text.upper()]
    raise NotFound(
        f"There is no reporting period “{text}”.{did_you_mean(text, known).en} The revision has {_listed(known)}"
        " (không có kỳ báo cáo này)"
    )


def find_unit(marts: duckdb.DuckDBPyConnection, text: str, period: Period) -> Unit:
    """The unit of an office in force in the period: by code, by code and first day (10459@2025-01-01) where a code passed to
    another unit within it, or by name, with or without the word for its kind.

    Raises NotFound, also for what several units answer to.
    """
    units = _units(marts)
    code, _, since = text.strip().partition("@")
    if since:
        units = [unit for unit in units if unit.code == code and unit.valid_from.isoformat() == since]
        text = code
    in_force = [
        unit for unit in units
        if unit.valid_from <= period.ends_on and (unit.valid_to is None or unit.valid_to >= period.starts_on)
    ]  # fmt: skip
    # A unit that has ended may have cases open: the marts know.
    for among in (in_force, units):
        found = [unit for unit in among if unit.code == text.strip()] or _named(among, text)
        if len(found) == 1:
            return found[0]
        if found:
            listed = ", ".join(f"{unit.name} ({unit.code}@{unit.valid_from})" for unit in found)
            raise NotFound(
                f"“{text}” may be {listed}; give one as it stands in brackets (nhiều đơn vị trùng tên hoặc mã)"
            )
    raise _no_unit(text, in_force)


def passed_codes(marts: duckdb.DuckDBPyConnection) -> frozenset[str]:
    """The codes that passed from one unit of the office to another."""
    rows = marts.execute(
        "SELECT unit_code FROM marts.dim_admin_unit WHERE office_code IS NOT NULL GROUP BY unit_code HAVING count(*) > 1"
    ).fetchall()
    return frozenset(code for (code,) in rows)


def asked_as(code: str, valid_from: dt.date, passed: Collection[str]) -> str:
    """What find_unit takes for one unit alone: its code, with its first day where the code is one of `passed`."""
    return f"{code}@{valid_from}" if code in passed else code


def unit_codes(marts: duckdb.DuckDBPyConnection, text: str) -> frozenset[str]:
    """The codes of the units of an office, of any day, that a code or name may mean. Raises NotFound."""
    units = _units(marts)
    found = [unit for unit in units if unit.code == text.strip()] or _named(units, text)
    if not found:
        raise _no_unit(text, units)
    return frozenset(unit.code for unit in found)


def _units(marts: duckdb.DuckDBPyConnection) -> list[Unit]:
    rows = marts.execute(
        "SELECT unit_code, unit_valid_from, unit_valid_to, unit_name, unit_level FROM marts.dim_admin_unit"
        " WHERE office_code IS NOT NULL ORDER BY unit_code, unit_valid_from"
    ).fetchall()
    return [Unit(*row) for row in rows]


def _no_unit(text: str, units: Sequence[Unit]) -> NotFound:
    guess = did_you_mean(text, [unit.name for unit in units] + [unit.code for unit in units]).en
    listed = _listed([f"{unit.code} {unit.name}" for unit in units])
    return NotFound(f"There is no unit “{text}”.{guess} The office has {listed} (không có đơn vị này)")


def _named(units: Sequence[Unit], text: str) -> list[Unit]:
    meant = names_meant((unit.name for unit in units), text)
    return [unit for unit in units if unit.name in meant]


def _listed(known: Iterable[str]) -> str:
    names = list(known)
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
