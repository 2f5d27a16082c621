"""Confidence sets for the ranks of units by their index. The sets stand in ranks, who is ranked with whom in the model read."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from assets.estimates.differences import Floats, Integers, error_without_spread
from assets.estimates.editions import EDITION_ESTIMATES
from assets.estimates.options import EstimateOptions
from assets.estimates.ranks import rank_sets
from assets.warehouse.engine import Warehouse

SCHEMA, TABLE = "estimates", "est_sipas_ranking"

KEY = (
    "basis",
    "group_code",
    "group_valid_from",
    "edition_id",
    "instrument_code",
    "node_code",
    "unit_code",
    "unit_valid_from",
)

METHOD = "mrsw_normal"

SETS = ("rank_low_marginal", "rank_high_marginal", "rank_low_simultaneous", "rank_high_simultaneous")

# Units of one level under one unit above, per edition, instrument and node; one without an estimate may hold any rank.
UNITS = f"""
WITH estimate AS ({EDITION_ESTIMATES})

SELECT
    {", ".join(f"candidate.{name}" for name in KEY)},
    dense_rank() OVER (
        ORDER BY
            candidate.basis, candidate.group_code, candidate.group_valid_from, candidate.unit_level,
            candidate.edition_id, candidate.instrument_code, candidate.node_code
    ) AS cell,
    estimate.estimate_pct,
    CASE WHEN candidate.is_pooled = 1 THEN estimate.se_pct END AS se_pct,
    estimate.n_eff
FROM intermediate.int_ranking_candidate AS candidate
LEFT JOIN estimate
    ON
        candidate.basis = estimate.basis
        AND candidate.unit_code = estimate.unit_code
        AND candidate.unit_valid_from = estimate.unit_valid_from
        AND candidate.edition_id = estimate.edition_id
        AND candidate.instrument_code = estimate.instrument_code
        AND candidate.node_code = estimate.node_code
WHERE candidate.left_out IS NULL AND coalesce(estimate.is_suppressed, 0) = 0
"""


def write_rankings(warehouse: Warehouse, options: EstimateOptions) -> int:
    """Replace ``estimates.est_sipas_ranking``: one row per ranked unit of int_ranking_candidate with a standard error.

    Returns the number of rows written.
    """
    sets = estimate(warehouse.query(UNITS), options.significance_level)
    warehouse.write(SCHEMA, TABLE, sets)
    written: int = sets.num_rows
    return written


def estimate(units: pa.Table, level: float) -> pa.Table:
    """Return the confidence sets of the units with a standard error, cell by cell."""

    def column(name: str) -> Floats:
        values: Floats = units.column(name).to_numpy().astype(np.float64)
        return values

    cell = units.column("cell").to_numpy().astype(np.int64)
    order = np.argsort(cell, kind="stable")
    value = column("estimate_pct")[order] / 100
    error = error_without_spread(value, column("se_pct")[order] / 100, column("n_eff")[order])
    ends = np.flatnonzero(np.r_[np.diff(cell[order]) != 0, True]) + 1 if cell.size else np.array([], dtype=np.int64)
    sets: dict[str, Integers] = {name: np.empty(cell.size, dtype=np.int64) for name in SETS}
    for start, end in zip(np.r_[0, ends[:-1]], ends, strict=False):
        found = rank_sets(value[start:end], error[start:end], level)
        for name in SETS:
            sets[name][start:end] = getattr(found, name.removeprefix("rank_"))
    known = np.isfinite(error)
    rows = pa.array(order[known])
    columns = {name: units.column(name).take(rows) for name in KEY}
    columns |= {name: pa.array(values[known]) for name, values in sets.items()}
    columns["method"] = pa.array([METHOD] * len(rows), pa.string())
    return pa.table(columns)
