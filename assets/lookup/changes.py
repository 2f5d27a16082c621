"""The change of an index from an earlier edition, traced: the two figures it is the difference of, each with what it is asked for
by, its test made again from their standard errors, and Holm's adjustment over the units tested together.

A change rests on figures, and these on lines: the lines are told of each figure by itself.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
from scipy.stats import t as student

from assets.estimates.differences import Floats, difference, error_without_spread, holm
from assets.lookup.catalogue import choose_node, find_node
from assets.lookup.records import rows_of
from assets.lookup.subject import NotFound, Period, Unit, asked_as, passed_codes
from assets.lookup.survey import REPORTED, ROUND
from assets.lookup.trace import TOLERANCE, Ask, equal, lock_of

_COMPARED_WITH = {"previous": "the one right before", "year_before": "the same a year before"}
_STATED = (
    "change_pct", "change_estimate_pct", "se_change_pct", "df", "ci_low_pct", "ci_high_pct", "p_value", "p_adjusted", "n_tests",
    "direction", "presentation", "comparable", "reason_vi", "reason_en", "method",
)  # fmt: skip
# What is stated of each side in the marts of both, and in the row of the change for some of it.
_OF_A_SIDE = ("n_forms_answered", "n_answers", "n_satisfied", "index_pct", "estimate_pct", "se_pct", "df", "n_eff")
_IN_THE_ROW = ("n_forms_answered", "n_answers", "n_satisfied", "index_pct")

# Besides level and parent of the unit, what comparisons that are tested together have in common.
_TESTED_TOGETHER = (
    "unit_code", "unit_valid_from", "basis", "instrument_code", "node_code", "edition_id", "previous_edition_id",
)  # fmt: skip
# What the degrees of freedom, a ratio of fourth powers, may differ by for their part.
_RELATIVE = 1e-5


@dataclass(frozen=True)
class Side:
    """One of the two editions of a change: what the marts state of it, and what it is asked for by."""

    edition: str
    index_pct: float | None
    estimate_pct: float | None
    se_pct: float | None
    df: int | None
    n_forms_answered: int
    n_answers: int
    n_satisfied: int
    ask: Ask


@dataclass(frozen=True)
class Change:
    """The change of an index from one earlier edition. `stated` is what the mart says of it beside its key and its sides.

    `recomputed_pct`: the difference of the two indices; `recomputed`: the figures of the test made again, the adjusted p-value from
    those of the units tested together; `agrees`: all of these are as stated, and both sides are as their own mart has them.
    """

    unit: Unit
    period: Period
    figure: str
    label_vi: str
    label_en: str
    instrument: str
    mart: str
    formula: str
    source: str
    page: str
    compared_with: str
    later: Side
    earlier: Side
    stated: Mapping[str, Any]
    recomputed_pct: float | None
    recomputed: Mapping[str, float]
    agrees: bool
    held_since: str | None


def trace_changes(
    marts: duckdb.DuckDBPyConnection, figure: str, unit: Unit, period: Period, instrument: str | None
) -> tuple[Change, ...]:
    """The changes of a node of a questionnaire in a unit to a period or round, one per earlier edition it is compared with.

    Raises NotFound where there is none.
    """
    basis = "round" if period.is_round else "period"
    known = marts.execute(
        "SELECT DISTINCT instrument_code, node_code FROM marts.sipas_change WHERE unit_code = ? AND unit_valid_from = ?"
        " AND basis = ? AND edition_id = ? ORDER BY ALL",
        [unit.code, unit.valid_from, basis, period.period_id],
    ).fetchall()
    if (found := choose_node(known, figure, instrument)) is None:
        code, node = find_node(marts, figure, unit, period, instrument, ROUND if period.is_round else REPORTED)
        raise NotFound(_no_change(marts, basis, code, node, unit, period))
    code, node = found
    rows = rows_of(
        marts.execute(
            """
            SELECT change.*, item.label_vi, item.label_en FROM marts.sipas_change AS change
            INNER JOIN marts.dim_instrument_item AS item USING (instrument_code, node_code)
            WHERE unit_code = ? AND unit_valid_from = ? AND basis = ? AND edition_id = ? AND instrument_code = ? AND node_code = ?
            ORDER BY comparison, previous_edition_id DESC
            """,
            [unit.code, unit.valid_from, basis, period.period_id, code, node],
        )
    )
    held_since, _ = lock_of(marts, unit, period)
    return tuple(_change(marts, row, unit, period, held_since) for row in rows)


def _change(
    marts: duckdb.DuckDBPyConnection, row: Mapping[str, Any], unit: Unit, period: Period, held_since: str | None
) -> Change:
    later = _side(marts, row["basis"], unit, row["edition_id"], row["instrument_code"], row["node_code"])
    earlier = _side(
        marts,
        row["basis"],
        unit,
        row["previous_edition_id"],
        row["previous_instrument_code"],
        row["previous_node_code"],
    )
    of_later = {name: row[name] for name in _IN_THE_ROW}
    of_earlier = {name: row[f"{name}_before"] for name in _IN_THE_ROW[:3]} | {"index_pct": row["previous_index_pct"]}
    made = None
    if row["comparable"] == "yes" and None not in (later["index_pct"], earlier["index_pct"]):
        made = later["index_pct"] - earlier["index_pct"]
    recomputed = _tested_again(marts, row, later, earlier)
    agrees = (
        _same(row["change_pct"], made, row["n_tests"])
        and all(
            equal(stated, side[name])
            for of, side in ((of_later, later), (of_earlier, earlier))
            for name, stated in of.items()
        )
        and all(_same(row[name], value, row["n_tests"]) for name, value in recomputed.items())
    )
    return Change(
        unit=unit,
        period=period,
        figure=row["node_code"],
        label_vi=row["label_vi"],
        label_en=row["label_en"],
        instrument=row["instrument_code"],
        mart="sipas_change",
        formula="change_pct = index_pct − previous_index_pct; tested is the change of the estimates, by Student's t",
        source="Satterthwaite 1946, Biometrics Bulletin 2, 110–114; Holm 1979, Scandinavian Journal of Statistics 6, 65–70",
        page="docs/methods/comparison.md",
        compared_with=_COMPARED_WITH[row["comparison"]],
        later=_told(later),
        earlier=_told(earlier),
        stated={name: row[name] for name in _STATED},
        recomputed_pct=made,
        recomputed=recomputed,
        agrees=agrees,
        held_since=held_since,
    )


def _side(
    marts: duckdb.DuckDBPyConnection, basis: str, unit: Unit, edition: str, instrument: str, node: str
) -> dict[str, Any]:
    of = ROUND if basis == "round" else REPORTED
    rows = rows_of(
        marts.execute(
            f"SELECT {', '.join(_OF_A_SIDE)} FROM (SELECT * FROM marts.{of.name}{of.of_all}) AS stated WHERE unit_code = ?"
            f" AND unit_valid_from = ? AND {of.period_column} = ? AND instrument_code = ? AND node_code = ?",
            [unit.code, unit.valid_from, edition, instrument, node],
        )
    )
    asked = asked_as(unit.code, unit.valid_from, passed_codes(marts))
    stated = rows[0] if rows else dict.fromkeys(_OF_A_SIDE)
    return stated | {"edition": edition, "ask": Ask(asked, edition, node, (), instrument)}


def _told(side: Mapping[str, Any]) -> Side:
    return Side(**{name: value for name, value in side.items() if name != "n_eff"})


def _tested_again(
    marts: duckdb.DuckDBPyConnection, row: Mapping[str, Any], later: Mapping[str, Any], earlier: Mapping[str, Any]
) -> dict[str, float]:
    """The figures of the test, as far as the marts tell what they are made of; {} where nothing was tested.

    The covariance of rounds that share clusters is not published: their standard error of the change is taken as stated.
    """
    if row["p_value"] is None:
        return {}
    change = later["estimate_pct"] - earlier["estimate_pct"]
    made = {
        "change_estimate_pct": change,
        "p_value": 2 * float(student.sf(abs(change) / row["se_change_pct"], row["df"])),
        "p_adjusted": _adjusted(marts, row),
    }
    if row["basis"] == "round":
        return made
    shares, errors, dfs = zip(*map(_uncertain, (later, earlier)), strict=True)
    found = difference(shares[0], shares[1], errors[0], errors[1], dfs[0], dfs[1], np.array([np.nan]))
    return made | {"se_change_pct": 100 * float(found.standard_error[0]), "df": float(found.degrees_of_freedom[0])}


def _uncertain(side: Mapping[str, Any]) -> tuple[Floats, Floats, Floats]:
    """Share, standard error and degrees of freedom of one edition, as the test takes them."""
    share, error, df, n = (np.array([float(side[name])]) for name in ("estimate_pct", "se_pct", "df", "n_eff"))
    return share / 100, error_without_spread(share / 100, error / 100, n), df


def _same(stated: float | None, made: float | None, n_tests: int) -> bool:
    """Whether two computations say the same: what they are made of has six decimals, and is multiplied by up to n_tests."""
    if stated is None or made is None:
        return stated is None and made is None
    return math.isclose(stated, made, rel_tol=_RELATIVE, abs_tol=TOLERANCE * max(2, n_tests))


def _adjusted(marts: duckdb.DuckDBPyConnection, row: Mapping[str, Any]) -> float:
    """Holm's p-value over the units of the same level under the same parent."""
    p_values = marts.execute(
        """
        SELECT change.p_value FROM marts.sipas_change AS change
        INNER JOIN marts.dim_admin_unit AS unit USING (unit_code, unit_valid_from)
        INNER JOIN marts.dim_admin_unit AS own ON own.unit_code = ? AND own.unit_valid_from = ?
        WHERE change.basis = ? AND change.instrument_code = ? AND change.node_code = ? AND change.edition_id = ?
            AND change.previous_edition_id = ? AND change.p_value IS NOT NULL AND unit.unit_level = own.unit_level
            AND unit.parent_code IS NOT DISTINCT FROM own.parent_code
            AND unit.parent_valid_from IS NOT DISTINCT FROM own.parent_valid_from
        """,
        [row[name] for name in _TESTED_TOGETHER],
    ).fetchall()
    values = np.array([p_value for (p_value,) in p_values])
    adjusted, _ = holm(values, np.zeros(len(values), np.int64))
    return float(adjusted[np.flatnonzero(values == row["p_value"])[0]])


def _no_change(
    marts: duckdb.DuckDBPyConnection, basis: str, instrument: str, node: str, unit: Unit, period: Period
) -> str:
    editions = marts.execute(
        "SELECT DISTINCT edition_id FROM marts.sipas_change WHERE unit_code = ? AND unit_valid_from = ? AND basis = ?"
        " AND instrument_code = ? AND node_code = ? ORDER BY 1",
        [unit.code, unit.valid_from, basis, instrument, node],
    ).fetchall()
    there = (
        f"there are changes to {', '.join(code for (code,) in editions)}" if editions else "there is none of it at all"
    )
    return (
        f"{node} of {unit.name} ({unit.code}) has no change to {period.period_id}: compared are months, quarters and rounds with the"
        f" one right before, and periods with the same a year before, where both have an answer; {there}"
        " (không có kỳ trước để so sánh)"
    )
