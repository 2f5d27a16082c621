"""Model estimates of the index beside the direct ones, where some are small. The model stands in fay_herriot."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from assets.estimates.differences import Floats
from assets.estimates.editions import EDITION_ESTIMATES
from assets.estimates.fay_herriot import area_estimates
from assets.estimates.options import EstimateOptions
from assets.estimates.sipas_index import SCALE
from assets.estimates.sipas_ranking import KEY
from assets.warehouse.engine import Warehouse

SCHEMA, TABLE = "estimates", "est_sipas_small_area"

METHOD = "fay_herriot_arcsine_reml"

# The areas of a model are the ranked units below their own parent, per edition, instrument and node.
AREAS = f"""
WITH estimate AS ({EDITION_ESTIMATES})

SELECT
    {", ".join(f"candidate.{name}" for name in KEY)},
    dense_rank() OVER (
        ORDER BY
            candidate.basis, candidate.group_code, candidate.group_valid_from, candidate.unit_level,
            candidate.edition_id, candidate.instrument_code, candidate.node_code
    ) AS cell,
    estimate.estimate_pct,
    estimate.n_eff
FROM intermediate.int_ranking_candidate AS candidate
INNER JOIN marts.dim_admin_unit AS unit
    ON
        candidate.unit_code = unit.unit_code
        AND candidate.unit_valid_from = unit.unit_valid_from
        AND candidate.group_code = unit.parent_code
INNER JOIN estimate
    ON
        candidate.basis = estimate.basis
        AND candidate.unit_code = estimate.unit_code
        AND candidate.unit_valid_from = estimate.unit_valid_from
        AND candidate.edition_id = estimate.edition_id
        AND candidate.instrument_code = estimate.instrument_code
        AND candidate.node_code = estimate.node_code
WHERE
    candidate.left_out IS NULL
    AND candidate.is_pooled = 1
    AND candidate.node_level IN ('overall', 'factor')
    AND estimate.n_eff > 0
"""


def write_small_areas(warehouse: Warehouse, options: EstimateOptions) -> int:
    """Replace ``estimates.est_sipas_small_area``: one row per area of a group that has enough areas, one of them small.

    Returns the number of rows written.
    """
    areas = estimate(warehouse.query(AREAS), options)
    warehouse.write(SCHEMA, TABLE, areas)
    written: int = areas.num_rows
    return written


def estimate(areas: pa.Table, options: EstimateOptions) -> pa.Table:
    """Return the model estimates of the groups with at least `small_area_groups_of` areas, one below `small_area_n_eff`."""
    cell = areas.column("cell").to_numpy().astype(np.int64)
    share: Floats = areas.column("estimate_pct").to_numpy().astype(np.float64) / 100
    size: Floats = areas.column("n_eff").to_numpy().astype(np.float64)
    n_areas = np.bincount(cell, minlength=1)[cell] if cell.size else cell
    smallest = np.full(cell.max(initial=0) + 1, np.inf)
    np.minimum.at(smallest, cell, size)
    kept = np.flatnonzero((n_areas >= options.small_area_groups_of) & (smallest[cell] < options.small_area_n_eff))
    # The order of sums must not depend on the order in which an engine gives its rows.
    kept = kept[np.lexsort((size[kept], share[kept], cell[kept]))]
    found = area_estimates(share[kept], size[kept], cell[kept])
    figures = {
        "model_estimate_pct": 100 * found.share,
        "model_ci_low_pct": 100 * found.low,
        "model_ci_high_pct": 100 * found.high,
        "direct_weight": found.direct_weight,
        "synthetic_pct": 100 * found.synthetic,
        "model_variance": found.variance,
    }
    columns = {name: areas.column(name).take(pa.array(kept)) for name in KEY}
    columns |= {name: pa.array(np.round(values, SCALE)) for name, values in figures.items()}
    columns["n_areas"] = pa.array(n_areas[kept])
    columns["method"] = pa.array([METHOD] * kept.size, pa.string())
    return pa.table(columns)
