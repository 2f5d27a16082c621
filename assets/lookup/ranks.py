"""The rank of a unit by a figure: which units were compared, by what figures, and how each of those is asked for.

A rank rests on figures, and these on lines: the lines are told of each figure by itself.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from assets.lookup.catalogue import choose_node, find_node
from assets.lookup.desk import DESK_FIGURES, WEIGHTINGS, weighted
from assets.lookup.figures import fixed_figures
from assets.lookup.records import rows_of
from assets.lookup.subject import NotFound, Period, Unit, asked_as, passed_codes
from assets.lookup.survey import REPORTED, ROUND, NodeMart
from assets.lookup.trace import Ask, equal, lock_of
from assets.text.wording import name_key

_TOTAL = DESK_FIGURES[-1]


@dataclass(frozen=True)
class Compared:
    """One unit of a ranking. `value`: what it is ranked by; `rank` is None for one that is left out, for `reason`.

    `sets`: the ranks that no significant difference rules out, lowest and highest, for the unit alone and for all at once.
    """

    name: str
    value: float | None
    rank: int | None
    n: int
    sets: tuple[int, int, int, int] | None
    reason: str | None
    ask: Ask


@dataclass(frozen=True)
class Ranking:
    """The ranks of the units of one level in one group by one figure, that of `own` among them.

    `recomputed`: the rank of `own` by the figures listed, and `agrees` whether every rank follows from them and they are those
    of the mart that states them (`held_since`: unless a lock of the group holds the ranks).
    """

    unit: Unit
    period: Period
    group: str
    figure: str
    label_vi: str
    label_en: str
    mart: str
    formula: str
    source: str
    page: str
    method: str | None
    counted: str
    own: Compared
    recomputed: int | None
    agrees: bool
    held_since: str | None
    units: tuple[Compared, ...]

    @property
    def n_ranked(self) -> int:
        return sum(one.rank is not None for one in self.units)


def trace_ranks(
    marts: duckdb.DuckDBPyConnection, figure: str, unit: Unit, period: Period, instrument: str | None
) -> tuple[Ranking, ...]:
    """The ranks of a unit by a node of a questionnaire or by the total of the one-stop evaluation. Raises NotFound."""
    if figure.lower() == _TOTAL and instrument is None:
        return _by_total(marts, unit, period)
    if figure.lower() in (*DESK_FIGURES, *fixed_figures()) and instrument is None:
        raise NotFound(
            f"Units are ranked by {_TOTAL} and by the overall index, areas and factors of a questionnaire, not by {figure}"
            " (không xếp hạng theo chỉ số này)"
        )
    of = ROUND if period.is_round else REPORTED
    known = marts.execute(
        "SELECT DISTINCT instrument_code, node_code FROM marts.sipas_ranking WHERE unit_code = ? AND unit_valid_from = ?"
        " AND basis = ? AND edition_id = ? ORDER BY instrument_code, node_code",
        [unit.code, unit.valid_from, _basis(period), period.period_id],
    ).fetchall()
    # A unit without an answer has no index, and stands in the ranking all the same, as left out.
    code, node = choose_node(known, figure, instrument) or find_node(marts, figure, unit, period, instrument, of)
    return _by_index(marts, code, node, unit, period, of)


def _basis(period: Period) -> str:
    return "round" if period.is_round else "period"


def _by_index(
    marts: duckdb.DuckDBPyConnection, instrument: str, node: str, unit: Unit, period: Period, of: NodeMart
) -> tuple[Ranking, ...]:
    rows = _named(
        marts,
        f"""
        SELECT ranking.*, ranking.ranked_pct AS value, ranking.index_rank AS rank, ranking.n_forms_answered AS n,
            ranking.reason_en AS reason, coalesce(stated.estimate_pct, stated.index_pct) AS stated_pct, item.label_vi, item.label_en
        FROM marts.sipas_ranking AS own
        INNER JOIN marts.sipas_ranking AS ranking USING (
            basis, group_code, group_valid_from, edition_id, instrument_code, node_code, unit_level
        )
        INNER JOIN marts.dim_instrument_item AS item USING (instrument_code, node_code)
        LEFT JOIN (SELECT * FROM marts.{of.name}{of.of_all}) AS stated
            ON ranking.unit_code = stated.unit_code AND ranking.unit_valid_from = stated.unit_valid_from
                AND ranking.edition_id = stated.{of.period_column} AND ranking.instrument_code = stated.instrument_code
                AND ranking.node_code = stated.node_code
        WHERE own.unit_code = ? AND own.unit_valid_from = ? AND own.basis = ? AND own.edition_id = ?
            AND own.instrument_code = ? AND own.node_code = ?
        """,
        [unit.code, unit.valid_from, _basis(period), period.period_id, instrument, node],
    )
    if not rows:
        raise NotFound(
            f"{unit.name} is not ranked by {node} in {period.period_id}: ranked are the units below a district or city, by the"
            " overall index, areas and factors (không xếp hạng)"
        )
    groups: dict[tuple[str, dt.date], list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault((row["group_code"], row["group_valid_from"]), []).append(row)
    rankings = []
    for (group_code, group_from), members in sorted(groups.items()):
        # A group's lock holds its ranks; the figures of its units may be newer.
        held_since, _ = lock_of(marts, Unit(group_code, group_from, None, "", ""), period)
        rankings.append(
            _ranking(
                unit,
                period,
                _compared(marts, members, period, node),
                held_since,
                all(row["value"] is None or equal(row["value"], row["stated_pct"]) for row in members),
                group=members[0]["group_name"],
                figure=node,
                label_vi=members[0]["label_vi"],
                label_en=members[0]["label_en"],
                mart="sipas_ranking",
                formula=(
                    "index_rank = 1 + number of units ranked with a higher ranked_pct, which is the estimate, else the index;"
                    " rank sets: 1 + units significantly higher … units ranked − units significantly lower"
                ),
                source="Mogstad, Romano, Shaikh, Wilhelm 2024, Review of Economic Studies 91, 476–518 (rank sets)",
                page="docs/methods/comparison.md",
                method=next((row["method"] for row in members if row["method"] is not None), None),
                counted="forms answered",
            )
        )
    return tuple(rankings)


def _by_total(marts: duckdb.DuckDBPyConnection, unit: Unit, period: Period) -> tuple[Ranking, ...]:
    rows = _named(
        marts,
        """
        SELECT ranked.weighting, ranked.unit_code, ranked.unit_valid_from, ranked.total_points AS value, ranked.rank,
            ranked.n_forms AS n, of_own.parent_code AS group_code, of_own.parent_valid_from AS group_valid_from,
            CASE WHEN ranked.rank IS NULL THEN 'No total: ' || ranked.n_indices || ' of 9 indices are scored' END AS reason
        FROM marts.one_stop_evaluation AS own
        INNER JOIN marts.one_stop_evaluation AS ranked USING (period_id, weighting)
        INNER JOIN marts.dim_admin_unit AS of_own
            ON own.unit_code = of_own.unit_code AND own.unit_valid_from = of_own.unit_valid_from
        INNER JOIN marts.dim_admin_unit AS of_unit
            ON ranked.unit_code = of_unit.unit_code AND ranked.unit_valid_from = of_unit.unit_valid_from
                AND of_unit.unit_level = of_own.unit_level
                AND of_unit.parent_code IS NOT DISTINCT FROM of_own.parent_code
        WHERE own.unit_code = ? AND own.unit_valid_from = ? AND period_id = ? AND of_own.unit_level <> 'unassigned'
        """,
        [unit.code, unit.valid_from, period.period_id],
    )
    if not rows:
        raise NotFound(
            f"{unit.name} ({unit.code}) is not ranked in {period.period_id}: ranked are units with a form or score, by quarters and"
            " years (không xếp hạng)"
        )
    rankings = []
    for weighting, words in WEIGHTINGS.items():
        members = [row for row in rows if row["weighting"] == weighting]
        if not members:
            continue
        held_since, _ = lock_of(marts, unit, period)
        rankings.append(
            _ranking(
                unit,
                period,
                _compared(marts, members, period, _TOTAL, weighted(weighting)),
                held_since,
                True,
                group=f"{members[0]['group_name'] or 'no unit above'}; {words}",
                figure=_TOTAL,
                label_vi="Tổng điểm đánh giá giải quyết thủ tục hành chính",
                label_en="Total of the evaluation of the settlement of procedures",
                mart="one_stop_evaluation",
                formula="rank = 1 + number of units of the same level under the same unit with a higher total",
                source="Thông tư 01/2018/TT-VPCP, article 13",
                page="docs/methods/one-stop-evaluation.md",
                method=None,
                counted="forms",
            )
        )
    return tuple(rankings)


def _named(marts: duckdb.DuckDBPyConnection, ranked: str, asked: Sequence[object]) -> list[dict[str, Any]]:
    """The rows of a select of ranked units with group_code and group_valid_from, with the names of the units and their group."""
    return rows_of(
        marts.execute(
            f"""
            SELECT ranked.*, of_unit.unit_name || ' (' || of_unit.unit_code || ')' AS name,
                above.unit_name || ' (' || above.unit_code || ')' AS group_name
            FROM ({ranked}) AS ranked
            INNER JOIN marts.dim_admin_unit AS of_unit
                ON ranked.unit_code = of_unit.unit_code AND ranked.unit_valid_from = of_unit.unit_valid_from
            LEFT JOIN marts.dim_admin_unit AS above
                ON ranked.group_code = above.unit_code AND ranked.group_valid_from = above.unit_valid_from
            """,
            asked,
        )
    )


def _compared(
    marts: duckdb.DuckDBPyConnection,
    members: Sequence[Mapping[str, Any]],
    period: Period,
    figure: str,
    group: tuple[tuple[str, str], ...] = (),
) -> list[Compared]:
    """The units of one ranking from their rows: value, rank, n, reason and, where there are any, rank sets."""
    passed = passed_codes(marts)
    return [
        Compared(
            name=row["name"],
            value=row["value"],
            rank=row["rank"],
            n=row["n"],
            sets=None
            if row.get("rank_low_marginal") is None
            else (
                row["rank_low_marginal"],
                row["rank_high_marginal"],
                row["rank_low_simultaneous"],
                row["rank_high_simultaneous"],
            ),
            reason=row["reason"],
            ask=Ask(asked_as(row["unit_code"], row["unit_valid_from"], passed), period.period_id, figure, group),
        )
        for row in members
    ]


def _ranking(
    unit: Unit,
    period: Period,
    compared: Sequence[Compared],
    held_since: str | None,
    figures_agree: bool,
    **told: Any,
) -> Ranking:
    """A ranking with its units in order of rank, and each rank made again from the figures."""
    ranked = [one for one in compared if one.rank is not None]
    made = {one.ask: 1 + sum(_above(other, one) for other in ranked) for one in ranked}
    own = next(one for one in compared if one.ask.unit in (unit.code, f"{unit.code}@{unit.valid_from}"))
    return Ranking(
        unit=unit,
        period=period,
        own=own,
        recomputed=made.get(own.ask),
        agrees=figures_agree and all(one.rank == made[one.ask] for one in ranked),
        held_since=held_since,
        units=tuple(sorted(compared, key=lambda one: (one.rank is None, one.rank or 0, name_key(one.name)))),
        **told,
    )


def _above(other: Compared, one: Compared) -> bool:
    return other.value is not None and one.value is not None and other.value > one.value
