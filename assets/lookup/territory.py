"""The index of a node in the territory of now, traced: the units of then that it is made of, each with its share and its own index."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import duckdb

from assets.lookup.figure import Figure
from assets.lookup.records import Record, added, rows_of
from assets.lookup.subject import Period, Unit, asked_as, passed_codes
from assets.lookup.survey import REPORTED
from assets.lookup.trace import Ask, Explanation, Step, records_of, trace
from assets.lookup.worked_scores import UnitKey, by_unit

_PLACED = "admin_unit_change: which units have the place of each, and in what shares"
_SHARES = "forms of a split unit count in equal shares in those that have a part of it"


def trace_now(marts: duckdb.DuckDBPyConnection, figure: Figure, unit: Unit, period: Period) -> Explanation:
    """Trace a figure of sipas_index_now. Raises NotFound where the mart has no row of unit and period."""
    formula = figure.formula.replace("index_pct", "index_pct, in the territory of now,", 1)
    told = replace(figure, formula=f"{formula}; {_SHARES}", rests_on=(*figure.rests_on, _PLACED))
    records = records_of(marts, told, unit, period)
    found = trace(marts, told, unit, period, records)
    return replace(found, steps=_units_of_then(marts, found, by_unit(records)))


def _units_of_then(
    marts: duckdb.DuckDBPyConnection, found: Explanation, records: Mapping[UnitKey, Sequence[Record]]
) -> tuple[Step, ...]:
    """The units that the records stand at. A unit is asked for where its index of then is of the same lines alone, which that of a
    unit with others below it is not."""
    figure, period = found.figure, found.period
    breakdown = " AND stated.breakdown = ? AND stated.breakdown_value = ?" if figure.group else ""
    rows = rows_of(
        marts.execute(
            f"""
            SELECT place.unit_code, place.unit_valid_from, place.share, stated.index_pct, stated.n_answers,
                own.unit_name || ' (' || own.unit_code || ')' AS name
            FROM marts.dim_unit_now AS place
            INNER JOIN marts.dim_admin_unit AS own USING (unit_code, unit_valid_from)
            LEFT JOIN marts.{REPORTED.of_groups if figure.group else REPORTED.name} AS stated
                ON place.unit_code = stated.unit_code AND place.unit_valid_from = stated.unit_valid_from
                    AND stated.period_id = ? AND stated.node_code = ? AND stated.instrument_code = ?{breakdown}
            WHERE place.now_code = ? AND place.now_valid_from = ?
            ORDER BY name, place.unit_valid_from
            """,
            [
                period.period_id,
                figure.code,
                figure.instrument,
                *(text for pair in figure.group.items() for text in pair),
                found.unit.code,
                found.unit.valid_from,
            ],
        )
    )
    passed = passed_codes(marts)
    steps = []
    for row in rows:
        if not (of_unit := records.get((row["unit_code"], row["unit_valid_from"]))):
            continue
        own = added(of_unit)
        is_whole = row["n_answers"] is not None and row["n_answers"] * row["share"] == own.denominator
        steps.append(
            Step(
                name=row["name"],
                value=row["index_pct"] if is_whole else None,
                weight=row["share"].normalize(),
                because="",
                ask=Ask(
                    asked_as(row["unit_code"], row["unit_valid_from"], passed),
                    period.period_id,
                    figure.code,
                    tuple(figure.group.items()),
                    figure.instrument,
                )
                if is_whole
                else None,
            )
        )
    return tuple(steps)
