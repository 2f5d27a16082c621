"""What stands behind one published figure: its formula, its counts, and the files, sheets and lines that it was made of.

Works on the marts of a revision alone, so that a figure of any kept revision can be traced. Holds no number of a record, no
token and no text of a source but its file and sheet names, in which personal data are masked.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from assets.ingest.shape import literal
from assets.landing.corrections import SOURCE as CORRECTIONS
from assets.lookup.figures import RECORD_COLUMNS, Figure
from assets.lookup.subject import NotFound, Period, Unit, find_figure, find_period, find_unit
from assets.text.wording import name_key
from quality.personal import mask

# What two computations of one percentage may differ by: the published one has six decimals.
_TOLERANCE = 1e-6
_COUNTS = ("numerator", "denominator", "left_out")
_TOUCHED = {
    "rows_quarantined": "rows refused",
    "rows_duplicate": "rows twice",
    "rows_superseded": "rows superseded by newer ones",
    "rows_forgotten": "rows of forgotten people",
    "records_removed": "records gone from the source",
    "cells_changed": "cells read as something else than they show",
}


@dataclass(frozen=True)
class Counts:
    """How many answers or records stand above and below the line, and how many in neither."""

    numerator: int
    denominator: int
    left_out: int


@dataclass(frozen=True)
class Part:
    """What one unit, or one part of a mean, adds."""

    name: str
    counts: Counts


@dataclass(frozen=True)
class SheetLines:
    """The lines of one sheet (None for a file without sheets) that the figure rests on, in order."""

    sheet: str | None
    lines: tuple[int, ...]


@dataclass(frozen=True)
class File:
    """One input behind the figure. `touched`: counts of what else became of its rows, by what it is, those above zero."""

    path: str
    source: str
    sent_on: dt.date
    counts: Counts
    sheets: tuple[SheetLines, ...]
    touched: Mapping[str, int]


@dataclass(frozen=True)
class Aside:
    """An input of the same sources, units and months that the figure does not rest on, and why."""

    path: str
    status: str
    reason: str | None
    touched: Mapping[str, int]


@dataclass(frozen=True)
class Explanation:
    """One figure traced. `stated` is what the mart says beside value and counts; `agrees`: the rows listed give the figure.

    `held_since` names the revision whose figure a lock holds, `waiting` the records that wait for it.
    """

    unit: Unit
    period: Period
    figure: Figure
    value: float | None
    counts: Counts
    stated: Mapping[str, Any]
    recomputed: Counts
    recomputed_value: float | None
    agrees: bool
    held_since: str | None
    waiting: int
    n_corrected_lines: int
    units: tuple[Part, ...]
    parts: tuple[Part, ...]
    files: tuple[File, ...]
    asides: tuple[Aside, ...]


def explain(
    marts: duckdb.DuckDBPyConnection, unit: str, period: str, figure: str, instrument: str | None = None
) -> Explanation:
    """Trace a figure of a unit and period, named by codes or names. Raises NotFound, with suggestions."""
    asked_period = find_period(marts, period)
    asked_unit = find_unit(marts, unit, asked_period)
    asked = find_figure(marts, figure, asked_unit, asked_period, instrument)
    try:
        stated = _stated(marts, asked, asked_unit, asked_period)
        records = _records(marts, asked, asked_unit, asked_period)
    except (duckdb.CatalogException, duckdb.BinderException):
        raise NotFound(
            f"The revision was published by an earlier version of the software, without what {asked.code} is traced by"
            " (bản công bố cũ chưa có dữ liệu để truy vết chỉ số này)"
        ) from None
    recomputed, parts = _sum(records), _grouped(records, "part")
    # What the mart does not count is as the lines have it; the value that follows from it is compared all the same.
    counted = {name: stated.pop(name) for name in _COUNTS}
    counts = Counts(*(getattr(recomputed, name) if n is None else int(n) for name, n in counted.items()))
    value = stated.pop("value")
    recomputed_value = _value(asked, recomputed, parts, stated)
    held_since, waiting = _lock(marts, asked_unit, asked_period)
    inputs = _inputs(marts)
    files = _files(records, inputs)
    return Explanation(
        unit=asked_unit,
        period=asked_period,
        figure=asked,
        value=None if value is None else float(value),
        counts=counts,
        stated=stated,
        recomputed=recomputed,
        recomputed_value=recomputed_value,
        agrees=counts == recomputed and _equal(value, recomputed_value),
        held_since=held_since,
        waiting=waiting,
        n_corrected_lines=sum(inputs[record["input_id"]]["source"] == CORRECTIONS for record in records),
        units=_grouped(records, "unit_name"),
        parts=parts if asked.made_by in ("mean_of_percentages", "sum_of_points") else (),
        files=files,
        asides=_asides(marts, asked_unit, asked_period, records, inputs),
    )


def line_ranges(lines: Iterable[int]) -> list[tuple[int, int]]:
    """Lines in order as runs of lines that follow one another: 3, 4, 5, 8 as (3, 5), (8, 8)."""
    runs: list[tuple[int, int]] = []
    for line in lines:
        if runs and line in (runs[-1][1], runs[-1][1] + 1):
            runs[-1] = (runs[-1][0], line)
        else:
            runs.append((line, line))
    return runs


def _stated(marts: duckdb.DuckDBPyConnection, figure: Figure, unit: Unit, period: Period) -> dict[str, Any]:
    result = marts.execute(
        figure.stated.format(
            unit_code=literal(unit.code),
            unit_valid_from=f"DATE {literal(unit.valid_from.isoformat())}",
            period_id=literal(period.period_id),
        )
    )
    names = [column[0] for column in result.description or ()]
    row = result.fetchone()
    if row is None:
        raise NotFound(
            f"{figure.mart} has no row of {unit.name} ({unit.code}) for {period.period_id}: it had no records"
            " (đơn vị không có số liệu trong kỳ)"
        )
    return dict(zip(names, row, strict=True))


def _records(marts: duckdb.DuckDBPyConnection, figure: Figure, unit: Unit, period: Period) -> list[dict[str, Any]]:
    """The records of the unit and of those below it on the day that placed each, in order of file, sheet and line."""
    days = {
        "starts_on": _day(period.starts_on),
        "ends_on": _day(period.ends_on),
        "known_to": _day(_known_to(marts, figure.known_in or figure.mart, period)),
    }
    result = marts.execute(
        f"""
        WITH RECURSIVE record AS MATERIALIZED ({figure.records.format(**days)}),
        chain AS (
            SELECT DISTINCT unit_code AS own_code, unit_valid_from AS own_from, placed_on, unit_code, unit_valid_from FROM record
            UNION
            SELECT chain.own_code, chain.own_from, chain.placed_on, above.unit_code, above.unit_valid_from
            FROM chain
            INNER JOIN marts.dim_admin_unit AS unit
                ON chain.unit_code = unit.unit_code AND chain.unit_valid_from = unit.unit_valid_from
            INNER JOIN marts.dim_admin_unit AS above
                ON unit.parent_code = above.unit_code AND above.office_code IS NOT NULL AND CASE
                    -- What has no unit has a place on every day, before and after the office was in force too.
                    WHEN unit.unit_level = 'unassigned' THEN above.unit_valid_from = unit.parent_valid_from
                    ELSE chain.placed_on >= above.unit_valid_from
                        AND (above.unit_valid_to IS NULL OR chain.placed_on <= above.unit_valid_to)
                END
        )
        SELECT {", ".join(f"record.{name}" for name in RECORD_COLUMNS)}, own.unit_name || ' (' || own.unit_code || ')' AS unit_name
        FROM record
        INNER JOIN chain
            ON record.unit_code = chain.own_code AND record.unit_valid_from = chain.own_from AND record.placed_on = chain.placed_on
        LEFT JOIN marts.dim_admin_unit AS own
            ON record.unit_code = own.unit_code AND record.unit_valid_from = own.unit_valid_from
        WHERE chain.unit_code = ? AND chain.unit_valid_from = ?
        ORDER BY record.input_id, record.sheet NULLS FIRST, record.line, record.part NULLS FIRST
        """,
        [unit.code, unit.valid_from],
    )
    names = [*RECORD_COLUMNS, "unit_name"]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def _known_to(marts: duckdb.DuckDBPyConnection, mart: str, period: Period) -> dt.date:
    """The last day of the period that the data reach: the end of its last month that the mart has."""
    row = marts.execute(
        "SELECT max(period.ends_on) FROM marts.dim_reporting_period AS period WHERE period.period_kind = 'month'"
        f" AND period.ends_on <= ? AND period.period_id IN (SELECT period_id FROM marts.{mart})",
        [period.ends_on],
    ).fetchone()
    return period.ends_on if row is None or row[0] is None else row[0]


def _sum(records: Iterable[Mapping[str, Any]]) -> Counts:
    sums = [0, 0, 0]
    for record in records:
        for place, name in enumerate(_COUNTS):
            sums[place] += record[name]
    return Counts(*sums)


def _grouped(records: Iterable[Mapping[str, Any]], column: str) -> tuple[Part, ...]:
    groups: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for record in records:
        groups[str(record[column])].append(record)
    return tuple(Part(name, _sum(groups[name])) for name in sorted(groups, key=name_key))


def _value(figure: Figure, counts: Counts, parts: Sequence[Part], stated: Mapping[str, Any]) -> float | None:
    """The value that follows from the counts, as Figure.made_by says; None where there is nothing to calculate from."""
    if figure.made_by == "count":
        return float(counts.numerator)
    if figure.made_by == "sum_of_points":
        points = [_points(part.counts) for part in parts]
        points += [value for name, value in stated.items() if name.startswith("index_")]
        known = [float(value) for value in points if value is not None]
        return round(sum(known), 2) if known and len(known) == len(points) else None
    if figure.made_by == "points":
        return _points(counts)
    if figure.made_by == "mean":
        return counts.numerator / counts.denominator if counts.denominator else None
    of = [part.counts for part in parts] if figure.is_mean_of_parts else [counts]
    shares = [100 * one.numerator / one.denominator for one in of if one.denominator]
    return sum(shares) / len(shares) if shares else None


def _points(counts: Counts) -> float | None:
    """The mean of hundredths, rounded half up to whole ones, in points."""
    if not counts.denominator:
        return None
    return (2 * counts.numerator + counts.denominator) // (2 * counts.denominator) / 100


def _equal(stated: Any, recomputed: float | None) -> bool:
    if stated is None or recomputed is None:
        return stated is None and recomputed is None
    return abs(float(stated) - recomputed) <= _TOLERANCE


def _lock(marts: duckdb.DuckDBPyConnection, unit: Unit, period: Period) -> tuple[str | None, int]:
    """The revision whose figures a lock of the period holds, and how many records wait for it."""
    row = marts.execute(
        "SELECT locked_revision, n_pending_new + n_pending_changed + n_pending_gone FROM marts.period_status"
        " WHERE unit_code = ? AND period_id = ? AND status = 'locked'",
        [unit.code, period.period_id],
    ).fetchone()
    return (None, 0) if row is None else (row[0], int(row[1] or 0))


def _inputs(marts: duckdb.DuckDBPyConnection) -> dict[str, dict[str, Any]]:
    columns = ["input_id", "path", "source", "sent_on", "status", "reason", "unit_code", "period_id", *_TOUCHED]
    rows = marts.execute(f"SELECT {', '.join(columns)} FROM marts.data_quality ORDER BY path, input_id").fetchall()
    return {row[0]: dict(zip(columns, row, strict=True)) for row in rows}


def _touched(read: Mapping[str, Any]) -> dict[str, int]:
    return {words: int(read[name]) for name, words in _TOUCHED.items() if read[name]}


def _files(records: Sequence[Mapping[str, Any]], inputs: Mapping[str, Mapping[str, Any]]) -> tuple[File, ...]:
    by_input: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for record in records:
        by_input[record["input_id"]].append(record)
    files = []
    for input_id, rows in by_input.items():
        read = inputs[input_id]
        sheets: dict[str | None, set[int]] = defaultdict(set)
        for row in rows:
            sheets[row["sheet"]].add(row["line"])
        lines = tuple(
            SheetLines(None if sheet is None else mask(sheet), tuple(sorted(sheets[sheet])))
            for sheet in sorted(sheets, key=lambda sheet: sheet or "")
        )
        files.append(File(mask(read["path"]), read["source"], read["sent_on"], _sum(rows), lines, _touched(read)))
    return tuple(sorted(files, key=lambda file: (file.path, file.sent_on, file.sheets[0].lines)))


def _asides(
    marts: duckdb.DuckDBPyConnection,
    unit: Unit,
    period: Period,
    records: Sequence[Mapping[str, Any]],
    inputs: Mapping[str, Mapping[str, Any]],
) -> tuple[Aside, ...]:
    """Inputs whose paths name one of the units and a month of the period, of the sources behind the figure, without a line in it."""
    used = {record["input_id"] for record in records}
    sources = {inputs[input_id]["source"] for input_id in used}
    units = {unit.code, *(record["unit_code"] for record in records)}
    months = {
        month
        for (month,) in marts.execute(
            "SELECT period_id FROM marts.dim_reporting_period WHERE period_kind = 'month' AND period_id BETWEEN ? AND ?",
            [period.first_month_id, period.last_month_id],
        ).fetchall()
    }
    return tuple(
        Aside(
            mask(read["path"]), read["status"], None if read["reason"] is None else mask(read["reason"]), _touched(read)
        )
        for input_id, read in inputs.items()
        if input_id not in used
        and read["source"] in sources
        and read["unit_code"] in units
        and read["period_id"] in months
    )


def _day(day: dt.date) -> str:
    return f"DATE {literal(day.isoformat())}"
