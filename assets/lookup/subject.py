"""What a reader asks about, found by code or name in the marts of a revision: unit, period and figure, with suggestions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import duckdb

from assets.lookup.figures import Figure, fixed_figures, survey_figure
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


def find_figure(
    marts: duckdb.DuckDBPyConnection, text: str, unit: Unit, period: Period, instrument: str | None
) -> Figure:
    """The figure of a code: one of figures.fixed_figures, or a node of the questionnaire that the unit has figures of.

    Raises NotFound; also where several questionnaires have the node and none is named.
    """
    fixed = fixed_figures()
    if instrument is None and text.lower() in fixed:
        return fixed[text.lower()]
    rows = marts.execute(
        "SELECT DISTINCT instrument_code, node_code FROM marts.sipas_index WHERE unit_code = ? AND unit_valid_from = ?"
        " AND period_id = ? ORDER BY instrument_code, node_code",
        [unit.code, unit.valid_from, period.period_id],
    ).fetchall()
    named = [(code, node) for code, node in rows if node.lower() == text.lower() and instrument in (None, code)]
    if len(named) == 1:
        return _node_figure(marts, *named[0])
    if named:
        raise NotFound(
            f"Several questionnaires have the node {text}: {', '.join(code for code, _ in named)}; name one with --instrument"
            " (nhiều bộ phiếu có mục này)"
        )
    nodes = [node for code, node in rows if instrument in (None, code)]
    known = [*fixed, *dict.fromkeys(nodes)]
    raise NotFound(
        f"There is no figure “{text}” of {unit.name} in {period.period_id}.{did_you_mean(text, known).en}"
        f" There are {', '.join(known)} (không có chỉ số này)"
    )


def _node_figure(marts: duckdb.DuckDBPyConnection, instrument: str, node: str) -> Figure:
    columns = "node_code, node_level, parent_code, question_kind, answers_for, aggregation_mode, label_vi, label_en"
    rows = marts.execute(
        f"SELECT {columns} FROM marts.dim_instrument_item WHERE instrument_code = ?", [instrument]
    ).fetchall()
    nodes = {row[0]: dict(zip(columns.split(", "), row, strict=True)) for row in rows}
    asked = nodes[node]
    return survey_figure(
        instrument, node, asked["label_vi"], asked["label_en"], asked["aggregation_mode"], _parts(nodes, node)
    )


def _parts(nodes: Mapping[str, Mapping[str, str | None]], node: str) -> dict[str, str]:
    """The satisfaction items that make a node, each with the part of the mean it counts in (the node itself when pooled)."""
    mode, level = nodes[node]["aggregation_mode"], nodes[node]["node_level"]
    parts: dict[str, str] = {}
    for code, item in nodes.items():
        if item["node_level"] != "item" or item["question_kind"] != "satisfaction":
            continue
        if mode == "overall_question":
            # A question that answers for a node as a whole is that node's index, and its own.
            if node in (code, item["answers_for"]):
                parts[code] = node
            continue
        above = [code]
        while item["answers_for"] is None and (parent := nodes[above[-1]]["parent_code"]) is not None:
            above.append(parent)
        if node not in above:
            continue
        factor = next((step for step in above if nodes[step]["node_level"] == "factor"), code)
        if mode == "mean_of_items":
            parts[code] = code
        else:
            parts[code] = factor if mode == "mean_of_factors" and level in ("area", "overall") else node
    return parts


def _listed(known: Iterable[str]) -> str:
    names = list(known)
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
