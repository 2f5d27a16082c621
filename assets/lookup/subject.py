"""What a reader asks about, found by code or name in the marts of a revision: unit, period or survey round, with suggestions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import duckdb

from assets.reference.units import names_meant
from quality.problem import did_you_mean

_SHOWN = 12
_COLUMNS = "unit.unit_code, unit.unit_valid_from, unit.unit_valid_to, unit.unit_name, unit.unit_level"


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
    """One reporting period or survey round, both days included; its months are the reporting months of these days."""

    period_id: str
    label_vi: str
    label_en: str
    starts_on: dt.date
    ends_on: dt.date
    first_month_id: str
    last_month_id: str
    is_round: bool = False


def find_period(marts: duckdb.DuckDBPyConnection, text: str) -> Period:
    """The reporting period of an id such as 2023-06 or 2023-Q2, or the survey round of a code. Raises NotFound."""
    rows = marts.execute(
        "SELECT period_id, label_vi, label_en, starts_on, ends_on, first_month_id, last_month_id"
        " FROM marts.dim_reporting_period ORDER BY period_id"
    ).fetchall()
    known = {row[0]: Period(*row) for row in rows}
    if text.upper() in known:
        return known[text.upper()]
    try:
        rounds = _rounds(marts)
    except duckdb.CatalogException:  # version 0.1.0 published none
        rounds = []
    if (found := next((one for one in rounds if one.period_id.lower() == text.lower()), None)) is not None:
        return found
    codes = [one.period_id for one in rounds]
    and_rounds = f", and the survey rounds {_listed(codes)}" if codes else ", and no survey round"
    raise NotFound(
        f"There is no reporting period or survey round “{text}”.{did_you_mean(text, [*known, *codes]).en}"
        f" The revision has {_listed(known)}{and_rounds} (không có kỳ báo cáo hay đợt khảo sát này)"
    )


def find_unit(marts: duckdb.DuckDBPyConnection, text: str, period: Period) -> Unit:
    """The unit of an office in force in the period: by code, by code and first day (10459@2025-01-01) where a code passed to
    another unit within it, or by name, with or without the word for its kind.

    Raises NotFound, also for what several units answer to.
    """
    units = _units(marts)
    in_force = [
        unit for unit in units
        if unit.valid_from <= period.ends_on and (unit.valid_to is None or unit.valid_to >= period.starts_on)
    ]  # fmt: skip
    # A unit that has ended may have cases open: the marts know.
    return _chosen(text, in_force, units)


def find_unit_now(marts: duckdb.DuckDBPyConnection, text: str) -> Unit:
    """The unit of now, also outside the office, that records of the office count in: as find_unit.

    Raises NotFound, for a unit of then with the units that have its place.
    """
    rows = marts.execute(
        f"SELECT DISTINCT {_COLUMNS} FROM marts.dim_admin_unit AS unit INNER JOIN marts.dim_unit_now AS place"
        " ON unit.unit_code = place.now_code AND unit.unit_valid_from = place.now_valid_from ORDER BY ALL"
    ).fetchall()
    units = [Unit(*row) for row in rows]
    if _meant(text, units) or not (of_then := _meant(text, _units(marts))):
        return _chosen(text, units)
    places = marts.execute(
        "SELECT now_code, now_valid_from FROM marts.dim_unit_now WHERE unit_code = ? AND unit_valid_from = ?",
        [of_then[0].code, of_then[0].valid_from],
    ).fetchall()
    there = [unit for unit in units if (unit.code, unit.valid_from) in places]
    alike = [unit for unit in there if unit.level == of_then[0].level] or there
    listed = [f"{unit.name} ({unit.code})" for unit in alike]
    raise NotFound(
        f"{of_then[0].name} ({of_then[0].code}) is not in force now; its records count in {_listed(listed)}"
        " (đơn vị không còn, số liệu tính vào đơn vị hiện nay)"
    )


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
    found = _meant(text, units)
    if not found:
        raise _no_unit(text, units)
    return frozenset(unit.code for unit in found)


def _rounds(marts: duckdb.DuckDBPyConnection) -> list[Period]:
    rows = marts.execute(
        "SELECT kept.round_code, kept.first_on, kept.last_on, coalesce(min(month.period_id), ''), coalesce(max(month.period_id), '')"
        " FROM marts.dim_survey_round AS kept LEFT JOIN marts.dim_reporting_period AS month ON month.period_kind = 'month'"
        " AND month.starts_on <= kept.last_on AND month.ends_on >= kept.first_on"
        " GROUP BY kept.round_code, kept.first_on, kept.last_on ORDER BY kept.round_code"
    ).fetchall()
    return [
        Period(code, f"Đợt khảo sát {code}", f"Survey round {code}", first_on, last_on, first_month, last_month, True)
        for code, first_on, last_on, first_month, last_month in rows
    ]


def _units(marts: duckdb.DuckDBPyConnection) -> list[Unit]:
    rows = marts.execute(
        f"SELECT {_COLUMNS} FROM marts.dim_admin_unit AS unit WHERE office_code IS NOT NULL ORDER BY ALL"
    ).fetchall()
    return [Unit(*row) for row in rows]


def _chosen(text: str, *among: Sequence[Unit]) -> Unit:
    """The unit that the text means in the first list that has it. Raises NotFound, also where it may be several."""
    for units in among:
        found = _meant(text, units)
        if len(found) == 1:
            return found[0]
        if found:
            listed = ", ".join(f"{unit.name} ({unit.code}@{unit.valid_from})" for unit in found)
            raise NotFound(
                f"“{text}” may be {listed}; give one as it stands in brackets (nhiều đơn vị trùng tên hoặc mã)"
            )
    raise _no_unit(text, among[0])


def _meant(text: str, units: Sequence[Unit]) -> list[Unit]:
    """The units with a code, a code and first day, or a name."""
    code, _, since = text.strip().partition("@")
    if since:
        return [unit for unit in units if unit.code == code and unit.valid_from.isoformat() == since]
    return [unit for unit in units if unit.code == code] or _named(units, text)


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
