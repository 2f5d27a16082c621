"""The records behind a figure: those of a unit and of the units below it, then or in the territory of now, and the files, sheets
and lines they came from."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import duckdb

from assets.ingest.shape import literal
from assets.landing.corrections import SOURCE as CORRECTIONS
from assets.lookup.subject import Period, Unit
from assets.text.wording import name_key
from quality.personal import mask

Record = Mapping[str, Any]
# A count: whole, but where records count in shares.
Number = int | Decimal

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

    numerator: Number
    denominator: Number
    left_out: Number


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
    """One input behind the figure. `counts`: None where its lines add to no count of the figure, but to what the figure is made
    of. `touched`: counts of what else became of its rows, by what it is, those above zero."""

    path: str
    source: str
    sent_on: dt.date
    counts: Counts | None
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
class Inputs:
    """Where records came from: the files, what of the same units and months is in none of them, and lines of corrections."""

    files: tuple[File, ...]
    asides: tuple[Aside, ...]
    n_corrected_lines: int


def rows_below(marts: duckdb.DuckDBPyConnection, rows: str, unit: Unit) -> list[dict[str, Any]]:
    """The rows of a select, each with unit_code, unit_valid_from and placed_on, that stand at the unit or below it on their day.

    `unit_name` is added: the name and code of the unit that the row itself stands at.
    """
    result = marts.execute(
        f"""
        WITH RECURSIVE record AS MATERIALIZED ({rows}),
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
        SELECT record.*, own.unit_name || ' (' || own.unit_code || ')' AS unit_name
        FROM record
        INNER JOIN chain
            ON record.unit_code = chain.own_code AND record.unit_valid_from = chain.own_from AND record.placed_on = chain.placed_on
        LEFT JOIN marts.dim_admin_unit AS own
            ON record.unit_code = own.unit_code AND record.unit_valid_from = own.unit_valid_from
        WHERE chain.unit_code = ? AND chain.unit_valid_from = ?
        """,
        [unit.code, unit.valid_from],
    )
    return rows_of(result)


def rows_now(marts: duckdb.DuckDBPyConnection, rows: str, unit: Unit) -> list[dict[str, Any]]:
    """The rows of a select of RECORD_COLUMNS that count in a unit of the territory of now, their three counts times `share`.

    `unit_name` is added: the name and code of the unit of then that the row itself stands at.
    """
    result = marts.execute(
        f"""
        SELECT record.* REPLACE (
                record.numerator * place.share AS numerator, record.denominator * place.share AS denominator,
                record.left_out * place.share AS left_out
            ),
            place.share, own.unit_name || ' (' || own.unit_code || ')' AS unit_name
        FROM ({rows}) AS record
        INNER JOIN marts.dim_unit_now AS place
            ON record.unit_code = place.unit_code AND record.unit_valid_from = place.unit_valid_from
        LEFT JOIN marts.dim_admin_unit AS own
            ON record.unit_code = own.unit_code AND record.unit_valid_from = own.unit_valid_from
        WHERE place.now_code = ? AND place.now_valid_from = ?
        """,
        [unit.code, unit.valid_from],
    )
    return rows_of(result)


def known_to(marts: duckdb.DuckDBPyConnection, mart: str, period: Period) -> dt.date:
    """The last day of the period that the data reach: the end of its last month that the mart has."""
    row = marts.execute(
        "SELECT max(period.ends_on) FROM marts.dim_reporting_period AS period WHERE period.period_kind = 'month'"
        f" AND period.ends_on <= ? AND period.period_id IN (SELECT period_id FROM marts.{mart})",
        [period.ends_on],
    ).fetchone()
    return period.ends_on if row is None or row[0] is None else row[0]


def day(value: dt.date) -> str:
    """A day in SQL."""
    return f"DATE {literal(value.isoformat())}"


def added(records: Iterable[Record]) -> Counts:
    """The sums of what records add to the three counts."""
    sums: list[Number] = [0, 0, 0]
    for record in records:
        for place, name in enumerate(("numerator", "denominator", "left_out")):
            sums[place] += record[name]
    return Counts(*map(whole, sums))


def whole(number: Number) -> Number:
    """A count without decimals that are none: 12 of 12.000000, 12.5 of 12.500000."""
    return int(number) if number == int(number) else Decimal(number).normalize()


def grouped(records: Iterable[Record], column: str) -> tuple[Part, ...]:
    """What the records of each value of a column add, in the order of the alphabet."""
    groups: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        groups[str(record[column])].append(record)
    return tuple(Part(name, added(groups[name])) for name in sorted(groups, key=name_key))


def line_ranges(lines: Iterable[int]) -> list[tuple[int, int]]:
    """Lines in order as runs of lines that follow one another: 3, 4, 5, 8 as (3, 5), (8, 8)."""
    runs: list[tuple[int, int]] = []
    for line in lines:
        if runs and line in (runs[-1][1], runs[-1][1] + 1):
            runs[-1] = (runs[-1][0], line)
        else:
            runs.append((line, line))
    return runs


def inputs_of(
    marts: duckdb.DuckDBPyConnection,
    unit: Unit,
    period: Period,
    records: Sequence[Record],
    counts_of_files: bool = True,
) -> Inputs:
    """The inputs of records, and the inputs whose paths name one of their units, or the unit, and a month of the period, of
    the same sources, without a line among them."""
    inputs = _inputs(marts)
    used = {record["input_id"] for record in records}
    sources = {inputs[input_id]["source"] for input_id in used}
    units = {unit.code, *(record["unit_code"] for record in records)}
    months = _months(marts, period)
    asides = tuple(
        Aside(
            mask(read["path"]), read["status"], None if read["reason"] is None else mask(read["reason"]), _touched(read)
        )
        for input_id, read in inputs.items()
        if input_id not in used
        and read["source"] in sources
        and read["unit_code"] in units
        and read["period_id"] in months
    )
    n_corrected = sum(inputs[record["input_id"]]["source"] == CORRECTIONS for record in records)
    return Inputs(_files(records, inputs, counts_of_files), asides, n_corrected)


def _months(marts: duckdb.DuckDBPyConnection, period: Period) -> set[str]:
    found = marts.execute(
        "SELECT period_id FROM marts.dim_reporting_period WHERE period_kind = 'month' AND period_id BETWEEN ? AND ?",
        [period.first_month_id, period.last_month_id],
    ).fetchall()
    return {month for (month,) in found}


def _inputs(marts: duckdb.DuckDBPyConnection) -> dict[str, dict[str, Any]]:
    columns = ["input_id", "path", "source", "sent_on", "status", "reason", "unit_code", "period_id", *_TOUCHED]
    rows = marts.execute(f"SELECT {', '.join(columns)} FROM marts.data_quality ORDER BY path, input_id").fetchall()
    return {row[0]: dict(zip(columns, row, strict=True)) for row in rows}


def _touched(read: Mapping[str, Any]) -> dict[str, int]:
    return {words: int(read[name]) for name, words in _TOUCHED.items() if read[name]}


def _files(records: Sequence[Record], inputs: Mapping[str, Record], counts_of_files: bool) -> tuple[File, ...]:
    by_input: dict[str, list[Record]] = defaultdict(list)
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
        files.append(
            File(
                mask(read["path"]),
                read["source"],
                read["sent_on"],
                added(rows) if counts_of_files else None,
                lines,
                _touched(read),
            )
        )
    return tuple(sorted(files, key=lambda file: (file.path, file.sent_on, file.sheets[0].lines)))


def rows_of(result: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """The rows of an answer by the names of its columns."""
    names = [column[0] for column in result.description or ()]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]
