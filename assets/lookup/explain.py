"""What stands behind one published figure: asked for by unit, period and code, as a reader writes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import duckdb

from assets.lookup.catalogue import find_figure, find_weighting
from assets.lookup.desk import DESK_FIGURES, trace_desk
from assets.lookup.ranks import Ranking, trace_ranks
from assets.lookup.subject import NotFound, find_period, find_unit
from assets.lookup.trace import Explanation, trace


def explain(
    marts: duckdb.DuckDBPyConnection,
    unit: str,
    period: str,
    figure: str,
    instrument: str | None = None,
    group: Mapping[str, str] | None = None,
) -> Explanation:
    """Trace a figure of a unit and period, named by codes or names; of a group, by values of columns, where one is named.

    Raises NotFound, with suggestions.
    """
    asked_period = find_period(marts, period)
    asked_unit = find_unit(marts, unit, asked_period)
    code = figure.lower()
    with _of_this_version(figure):
        if code in DESK_FIGURES and instrument is None:
            weighting = find_weighting(code, group or {}, asked_unit, asked_period)
            return trace_desk(marts, code, asked_unit, asked_period, weighting)
        asked = find_figure(marts, figure, asked_unit, asked_period, instrument, group or {})
        return trace(marts, asked, asked_unit, asked_period)


def explain_rank(
    marts: duckdb.DuckDBPyConnection, unit: str, period: str, figure: str, instrument: str | None = None
) -> tuple[Ranking, ...]:
    """Trace the ranks that a unit has by a figure, one per group that it is ranked in. Raises NotFound."""
    asked_period = find_period(marts, period)
    asked_unit = find_unit(marts, unit, asked_period)
    with _of_this_version(figure):
        return trace_ranks(marts, figure, asked_unit, asked_period, instrument)


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
