"""The figure that a code names, in whole or of a group: one of figures.yml, or a node of a questionnaire; with suggestions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import duckdb

from assets.ingest.shape import quote
from assets.lookup.desk import DESK_FIGURES, WEIGHTINGS
from assets.lookup.figure import Figure
from assets.lookup.figures import fixed_figures
from assets.lookup.subject import NotFound, Period, Unit
from assets.lookup.survey import REPORTED, NodeMart, survey_figure
from quality.problem import did_you_mean


def find_figure(
    marts: duckdb.DuckDBPyConnection,
    text: str,
    unit: Unit,
    period: Period,
    instrument: str | None,
    group: Mapping[str, str],
    of: NodeMart = REPORTED,
) -> Figure:
    """The figure of a code: one of figures.yml, or a node of the questionnaire that the unit has figures of in the mart `of`.

    Raises NotFound; also where several questionnaires have the node and none is named.
    """
    fixed = fixed_figures() if of is REPORTED else {}
    if instrument is None and text.lower() in fixed:
        found = fixed[text.lower()]
        _check_group(marts, found.code, found.mart, found.groups, group, unit, period)
        return found.of(group)
    others = (*fixed, *DESK_FIGURES) if of is REPORTED else ()
    code, node = find_node(marts, text, unit, period, instrument, of, others)
    if group:
        _check_breakdown(marts, node, code, unit, period, group, of)
    return _node_figure(marts, code, node, group, of)


def find_node(
    marts: duckdb.DuckDBPyConnection,
    text: str,
    unit: Unit,
    period: Period,
    instrument: str | None,
    of: NodeMart = REPORTED,
    others: Iterable[str] = (),
) -> tuple[str, str]:
    """Questionnaire and code of a node that the unit has figures of. Raises NotFound, also where it may be several; `others` are
    codes that could have been meant."""
    rows = marts.execute(
        f"SELECT DISTINCT instrument_code, {of.node_column} FROM marts.{of.name} WHERE unit_code = ? AND unit_valid_from = ?"
        f" AND {of.period_column} = ? ORDER BY ALL",
        [unit.code, unit.valid_from, period.period_id],
    ).fetchall()
    if (found := choose_node(rows, text, instrument)) is not None:
        return found
    nodes = [node for code, node in rows if instrument in (None, code)]
    known = [*others, *dict.fromkeys(nodes)]
    there = f"There are {', '.join(known)}" if known else of.if_none
    raise NotFound(
        f"There is no figure “{text}” of {unit.name} in {period.period_id} ({of.name}).{did_you_mean(text, known).en}"
        f" {there} (không có chỉ số này)"
    )


def find_weighting(code: str, group: Mapping[str, str], unit: Unit, period: Period) -> str:
    """The weighting of the desk's evaluation that a group names; every form counts alike where it names none. Raises NotFound."""
    _check_columns(code, ("weighting",), group)
    weighting = group.get("weighting", "forms")
    _check_value("weighting", weighting, WEIGHTINGS, unit, period)
    return weighting


def choose_node(nodes: Iterable[tuple[str, str]], text: str, instrument: str | None) -> tuple[str, str] | None:
    """The one among nodes of questionnaires that the text names. Raises NotFound where it may be several."""
    named = [(code, node) for code, node in nodes if node.lower() == text.lower() and instrument in (None, code)]
    if len(named) > 1:
        raise NotFound(
            f"Several questionnaires have the node {text}: {', '.join(code for code, _ in named)}; name one with --instrument"
            " (nhiều bộ phiếu có mục này)"
        )
    return named[0] if named else None


def _check_group(
    marts: duckdb.DuckDBPyConnection,
    code: str,
    mart: str,
    columns: tuple[str, ...],
    group: Mapping[str, str],
    unit: Unit,
    period: Period,
) -> None:
    _check_columns(code, columns, group)
    for column, value in group.items():
        rows = marts.execute(
            f"SELECT DISTINCT {quote(column)} FROM marts.{mart} WHERE unit_code = ? AND unit_valid_from = ?"
            f" AND period_id = ? AND {quote(column)} <> '*' ORDER BY 1",
            [unit.code, unit.valid_from, period.period_id],
        ).fetchall()
        _check_value(column, value, [found for (found,) in rows], unit, period)


def _check_breakdown(
    marts: duckdb.DuckDBPyConnection,
    node: str,
    instrument: str,
    unit: Unit,
    period: Period,
    group: Mapping[str, str],
    of: NodeMart,
) -> None:
    rows = marts.execute(
        f"SELECT DISTINCT breakdown, breakdown_value FROM marts.{of.of_groups} WHERE breakdown <> '*' AND unit_code = ?"
        f" AND unit_valid_from = ? AND {of.period_column} = ? AND instrument_code = ? AND node_code = ? ORDER BY 1, 2",
        [unit.code, unit.valid_from, period.period_id, instrument, node],
    ).fetchall()
    _check_columns(node, tuple(dict.fromkeys(column for column, _ in rows)), group)
    if len(group) > 1:
        raise NotFound("An index is broken down by one question at a time (mỗi lần một tiêu chí phân tổ)")
    for column, value in group.items():
        _check_value(column, value, [found for name, found in rows if name == column], unit, period)


def _check_columns(code: str, columns: tuple[str, ...], group: Mapping[str, str]) -> None:
    for column in group:
        if column not in columns:
            there = f"it is broken down by {', '.join(columns)}" if columns else "it is not broken down at all"
            raise NotFound(
                f"There is no {column} of {code}: {there}.{did_you_mean(column, columns).en} (không phân tổ theo mục này)"
            )


def _check_value(column: str, value: str, known: Iterable[str], unit: Unit, period: Period) -> None:
    values = list(known)
    if value not in values:
        there = f"there are {', '.join(values)}" if values else "there is none"
        raise NotFound(
            f"There is no {column} “{value}” of {unit.name} in {period.period_id}: {there}.{did_you_mean(value, values).en}"
            " (không có nhóm này)"
        )


def _node_figure(
    marts: duckdb.DuckDBPyConnection, instrument: str, node: str, group: Mapping[str, str], of: NodeMart
) -> Figure:
    columns = "node_code, node_level, parent_code, question_kind, answers_for, aggregation_mode, label_vi, label_en"
    rows = marts.execute(
        f"SELECT {columns} FROM marts.dim_instrument_item WHERE instrument_code = ?", [instrument]
    ).fetchall()
    nodes = {row[0]: dict(zip(columns.split(", "), row, strict=True)) for row in rows}
    asked = nodes[node]
    return survey_figure(
        of,
        instrument,
        node,
        asked["label_vi"],
        asked["label_en"],
        asked["aggregation_mode"],
        _parts(nodes, node),
        group,
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
