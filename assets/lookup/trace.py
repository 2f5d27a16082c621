"""One figure traced: what the mart states, what follows from the records behind it, and whether the two agree.

Works on the marts of a revision alone, so that a figure of any kept revision can be traced. Holds no number of a record, no
token and no text of a source but its file and sheet names, in which personal data are masked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import duckdb

from assets.ingest.shape import literal
from assets.lookup.figure import RECORD_COLUMNS, Figure
from assets.lookup.records import (
    Aside,
    Counts,
    File,
    Number,
    Part,
    added,
    day,
    grouped,
    inputs_of,
    known_to,
    rows_below,
    rows_now,
    whole,
)
from assets.lookup.subject import NotFound, Period, Unit

# What two computations of one percentage may differ by: the published one has six decimals.
TOLERANCE = 1e-6
_COUNTS = ("numerator", "denominator", "left_out")


@dataclass(frozen=True)
class Ask:
    """What one figure is asked for by: unit, period, code, columns with their values where it is of a group, the questionnaire
    where several may have the code, and `driver` where it is what the code weighs for the overall judgement."""

    unit: str
    period: str
    index: str
    group: tuple[tuple[str, str], ...] = ()
    instrument: str | None = None
    driver: bool = False


@dataclass(frozen=True)
class Step:
    """One figure that another is made of: what it is, its value, how often it counts (None where nothing says), where it comes
    from, and what it is asked for by (None where that is the figure itself, or none that is published)."""

    name: str
    value: float | None
    weight: Number | None
    because: str
    ask: Ask | None


@dataclass(frozen=True)
class Explanation:
    """One figure traced. `stated` is what the mart says beside value and counts; `agrees`: the rows listed give the figure.

    `held_since` names the revision whose figure a lock holds, `waiting` the records that wait for it. `steps`: the figures it
    is made of, where it is not made of records at once. `notes`: what else to know of it, each under a heading;
    `not_made_again`: why the value cannot be made again from the lines, where only the counts are compared.
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
    steps: tuple[Step, ...]
    files: tuple[File, ...]
    asides: tuple[Aside, ...]
    notes: tuple[tuple[str, str], ...] = ()
    not_made_again: str | None = None


def trace(
    marts: duckdb.DuckDBPyConnection,
    figure: Figure,
    unit: Unit,
    period: Period,
    records: Sequence[Mapping[str, Any]] | None = None,
) -> Explanation:
    """Trace a figure of a unit and period by its records, which are looked up where they are not given.

    Raises NotFound where the mart has no row of them.
    """
    stated = stated_of(marts, figure, unit, period)
    records = records_of(marts, figure, unit, period) if records is None else records
    parts = grouped(records, "part")
    recomputed = added(records)
    of_list = figure.listed is not None
    if figure.listed is not None:
        listed = marts.execute(figure.listed).fetchone() or (0, 0)
        recomputed = Counts(len(parts), *map(int, listed))
    # What the mart does not count is as the lines have it; the value that follows from it is compared all the same.
    counted = {name: stated.pop(name) for name in _COUNTS}
    counts = Counts(*(getattr(recomputed, name) if n is None else whole(n) for name, n in counted.items()))
    value = stated.pop("value")
    recomputed_value = _value(figure, recomputed, parts, stated)
    held_since, waiting = lock_of(marts, unit, period)
    inputs = inputs_of(marts, unit, period, records, not of_list)
    return Explanation(
        unit=unit,
        period=period,
        figure=figure,
        value=None if value is None else float(value),
        counts=counts,
        stated=stated,
        recomputed=recomputed,
        recomputed_value=recomputed_value,
        agrees=counts == recomputed and equal(value, recomputed_value),
        held_since=held_since,
        waiting=waiting,
        n_corrected_lines=inputs.n_corrected_lines,
        units=() if of_list else grouped(records, "unit_name"),
        parts=parts if of_list or figure.is_mean_of_parts else (),
        steps=(),
        files=inputs.files,
        asides=inputs.asides,
    )


def stated_of(marts: duckdb.DuckDBPyConnection, figure: Figure, unit: Unit, period: Period) -> dict[str, Any]:
    """What the mart states of a figure. Raises NotFound."""
    result = marts.execute(
        figure.stated.format(
            unit_code=literal(unit.code), unit_valid_from=day(unit.valid_from), period_id=literal(period.period_id)
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


def records_of(
    marts: duckdb.DuckDBPyConnection, figure: Figure, unit: Unit, period: Period, also: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """The records of a figure at the unit and below it, then or now, in order of file, sheet and line; `also` names columns of
    the figure's own."""
    days = {
        "starts_on": day(period.starts_on),
        "ends_on": day(period.ends_on),
        "known_to": day(known_to(marts, figure.known_in or figure.mart, period)),
    }
    rows = f"SELECT {', '.join((*RECORD_COLUMNS, *also))} FROM ({figure.records.format(**days)}) AS counted"
    records = (rows_now if figure.of_now else rows_below)(marts, rows, unit)
    return sorted(records, key=lambda record: (*in_order(record), record["part"] or ""))


def in_order(record: Mapping[str, Any]) -> tuple[str, str, int]:
    """File, sheet and line, to sort by."""
    input_id, sheet, line = itemgetter("input_id", "sheet", "line")(record)
    return input_id, sheet or "", line


def lock_of(marts: duckdb.DuckDBPyConnection, unit: Unit, period: Period) -> tuple[str | None, int]:
    """The revision whose figures a lock of the period holds, and how many records wait for it."""
    row = marts.execute(
        "SELECT locked_revision, n_pending_new + n_pending_changed + n_pending_gone FROM marts.period_status"
        " WHERE unit_code = ? AND period_id = ? AND status = 'locked'",
        [unit.code, period.period_id],
    ).fetchone()
    return (None, 0) if row is None else (row[0], int(row[1] or 0))


def equal(stated: Any, recomputed: float | None) -> bool:
    """Whether two computations of one figure say the same."""
    if stated is None or recomputed is None:
        return stated is None and recomputed is None
    return abs(float(stated) - recomputed) <= TOLERANCE


def points(hundredths: int, n: int) -> float | None:
    """The mean of hundredths, rounded half up to whole ones, in points; None of none."""
    return (2 * hundredths + n) // (2 * n) / 100 if n else None


def _value(figure: Figure, counts: Counts, parts: Sequence[Part], stated: Mapping[str, Any]) -> float | None:
    """The value that follows from the counts, as Figure.made_by says; None where there is nothing to calculate from."""
    if figure.made_by == "count":
        return float(counts.numerator)
    if figure.made_by == "points":
        return points(int(counts.numerator), int(counts.denominator))
    if figure.made_by == "mean":
        return float(counts.numerator / counts.denominator) if counts.denominator else None
    factor = 100.0 if figure.factor is None else float(stated[figure.factor])
    of = [part.counts for part in parts] if figure.is_mean_of_parts else [counts]
    shares = [factor * float(one.numerator) / float(one.denominator) for one in of if one.denominator]
    return sum(shares) / len(shares) if shares else None
