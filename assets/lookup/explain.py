"""What stands behind one published figure: asked for by unit, period and code, as a reader writes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import duckdb

from assets.lookup.catalogue import find_figure, find_weighting
from assets.lookup.changes import Change, trace_changes
from assets.lookup.desk import DESK_FIGURES, trace_desk
from assets.lookup.drivers import trace_driver
from assets.lookup.ranks import Ranking, trace_ranks
from assets.lookup.rounds import trace_round
from assets.lookup.subject import NotFound, Period, find_period, find_unit, find_unit_now
from assets.lookup.survey import NOW, ROUND
from assets.lookup.territory import trace_now
from assets.lookup.trace import Explanation, trace


def explain(
    marts: duckdb.DuckDBPyConnection,
    unit: str,
    period: str,
    figure: str,
    instrument: str | None = None,
    group: Mapping[str, str] | None = None,
) -> Explanation:
    """Trace a figure of a unit and period or survey round, named by codes or names; of a group, by values of columns, where one is
    named.

    Raises NotFound, with suggestions.
    """
    asked_period = find_period(marts, period)
    asked_unit = find_unit(marts, unit, asked_period)
    code = figure.lower()
    with _of_this_version(figure):
        if asked_period.is_round:
            asked = find_figure(marts, figure, asked_unit, asked_period, instrument, group or {}, ROUND)
            return trace_round(marts, asked, asked_unit, asked_period)
        if code in DESK_FIGURES and instrument is None:
            weighting = find_weighting(code, group or {}, asked_unit, asked_period)
            return trace_desk(marts, code, asked_unit, asked_period, weighting)
        asked = find_figure(marts, figure, asked_unit, asked_period, instrument, group or {})
        return trace(marts, asked, asked_unit, asked_period)


def explain_now(
    marts: duckdb.DuckDBPyConnection,
    unit: str,
    period: str,
    figure: str,
    instrument: str | None = None,
    group: Mapping[str, str] | None = None,
) -> Explanation:
    """Trace an index of a unit of now and a reporting period, in the territory of now. Raises NotFound."""
    asked_period = _reporting_period(marts, period, "The territory of now")
    with _of_this_version(figure):
        asked_unit = find_unit_now(marts, unit)
        asked = find_figure(marts, figure, asked_unit, asked_period, instrument, group or {}, NOW)
        return trace_now(marts, asked, asked_unit, asked_period)


def explain_rank(
    marts: duckdb.DuckDBPyConnection, unit: str, period: str, figure: str, instrument: str | None = None
) -> tuple[Ranking, ...]:
    """Trace the ranks that a unit has by a figure, one per group that it is ranked in. Raises NotFound."""
    asked_period = find_period(marts, period)
    asked_unit = find_unit(marts, unit, asked_period)
    with _of_this_version(figure):
        return trace_ranks(marts, figure, asked_unit, asked_period, instrument)


def _reporting_period(marts: duckdb.DuckDBPyConnection, text: str, what: str) -> Period:
    found = find_period(marts, text)
    if found.is_round:
        raise NotFound(
            f"{what} is told of reporting periods such as 2023-06 or 2023-Q2, not of the survey round {found.period_id}"
            " (chỉ có theo kỳ báo cáo, không theo đợt khảo sát)"
        )
    return found


def explain_change(
    marts: duckdb.DuckDBPyConnection, unit: str, period: str, figure: str, instrument: str | None = None
) -> tuple[Change, ...]:
    """Trace the changes of an index to a period or survey round, one per earlier one that it is compared with. Raises NotFound."""
    asked_period = find_period(marts, period)
    asked_unit = find_unit(marts, unit, asked_period)
    with _of_this_version(figure):
        return trace_changes(marts, figure, asked_unit, asked_period, instrument)


def explain_driver(
    marts: duckdb.DuckDBPyConnection, unit: str, period: str, figure: str, instrument: str | None = None
) -> Explanation:
    """Trace what a question weighs for the overall judgement in a unit and reporting period. Raises NotFound."""
    asked_period = _reporting_period(marts, period, "What goes with the overall judgement")
    asked_unit = find_unit(marts, unit, asked_period)
    with _of_this_version(figure):
        return trace_driver(marts, figure, asked_unit, asked_period, instrument)


@contextmanager
def _of_this_version(figure: str) -> Iterator[None]:
    """An earlier version's revision lacks tables and columns that figures are traced by now."""
    try:
        yield
    except (duckdb.CatalogException, duckdb.BinderException):
        raise NotFound(
            f"The revision was published by an earlier version of the software, without what {figure} is traced by"
            " (bản công bố cũ chưa có dữ liệu để truy vết chỉ số này)"
        ) from None
