"""The change of the satisfaction index from one edition to another. Formulas stand in differences, pairs in the model read."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from assets.estimates.differences import Floats, difference, error_without_spread, holm
from assets.estimates.editions import EDITION_ESTIMATES
from assets.estimates.options import EstimateOptions
from assets.estimates.sipas_index import SCALE
from assets.warehouse.engine import Warehouse

SCHEMA, TABLE = "estimates", "est_sipas_change"

KEY = ("basis", "unit_code", "unit_valid_from", "instrument_code", "node_code", "edition_id", "previous_edition_id")

METHOD = "welch_t_holm"

FIGURES = tuple(
    f"{side}_{figure}" for side in ("later", "earlier") for figure in ("estimate_pct", "se_pct", "df", "n_eff")
)

# Compared together, and so adjusted together: the units of one level under one parent, per node and pair of editions.
# Left joins keep an engine from joining the two sides with each other first, by unit alone.
PAIRS = f"""
WITH estimate AS ({EDITION_ESTIMATES})

SELECT
    {", ".join(f"pair.{name}" for name in KEY)},
    dense_rank() OVER (
        ORDER BY
            pair.basis, unit.parent_code, unit.parent_valid_from, unit.unit_level, pair.instrument_code, pair.node_code,
            pair.edition_id, pair.previous_edition_id
    ) AS family,
    later.estimate_pct AS later_estimate_pct,
    later.se_pct AS later_se_pct,
    later.df AS later_df,
    later.n_eff AS later_n_eff,
    earlier.estimate_pct AS earlier_estimate_pct,
    earlier.se_pct AS earlier_se_pct,
    earlier.df AS earlier_df,
    earlier.n_eff AS earlier_n_eff,
    common.covariance
FROM intermediate.int_index_before AS pair
INNER JOIN marts.dim_admin_unit AS unit
    ON pair.unit_code = unit.unit_code AND pair.unit_valid_from = unit.unit_valid_from
LEFT JOIN estimate AS later
    ON
        pair.basis = later.basis
        AND pair.unit_code = later.unit_code
        AND pair.unit_valid_from = later.unit_valid_from
        AND pair.edition_id = later.edition_id
        AND pair.instrument_code = later.instrument_code
        AND pair.node_code = later.node_code
LEFT JOIN estimate AS earlier
    ON
        pair.basis = earlier.basis
        AND pair.unit_code = earlier.unit_code
        AND pair.unit_valid_from = earlier.unit_valid_from
        AND pair.previous_edition_id = earlier.edition_id
        AND pair.previous_instrument_code = earlier.instrument_code
        AND pair.previous_node_code = earlier.node_code
LEFT JOIN intermediate.int_round_covariance AS common
    ON
        pair.basis = 'round'
        AND pair.unit_code = common.unit_code
        AND pair.unit_valid_from = common.unit_valid_from
        AND pair.edition_id = common.edition_id
        AND pair.previous_edition_id = common.previous_edition_id
        AND pair.node_code = common.node_code
WHERE pair.comparable = 'yes' AND pair.is_estimated = 1
"""


def write_changes(warehouse: Warehouse, options: EstimateOptions) -> int:
    """Replace ``estimates.est_sipas_change``: one row per pair of int_index_before that compares and is of shares.

    Figures are percentage points. Returns the number of rows written.
    """
    changes = estimate(warehouse.query(PAIRS), options.significance_level)
    warehouse.write(SCHEMA, TABLE, changes)
    written: int = changes.num_rows
    return written


def estimate(pairs: pa.Table, level: float) -> pa.Table:
    """Return the changes of pairs, in their order; a pair without two standard errors has no test and no interval."""

    def column(name: str) -> Floats:
        values: Floats = pairs.column(name).to_numpy().astype(np.float64)
        return values

    given = {name: column(name) for name in FIGURES}
    for side in ("later", "earlier"):
        given[f"{side}_share"] = given[f"{side}_estimate_pct"] / 100
        given[f"{side}_error"] = error_without_spread(
            given[f"{side}_share"], given[f"{side}_se_pct"] / 100, given[f"{side}_n_eff"]
        )
    found = difference(
        given["later_share"],
        given["earlier_share"],
        given["later_error"],
        given["earlier_error"],
        given["later_df"],
        given["earlier_df"],
        covariance=column("covariance"),
        level=level,
    )
    adjusted, tests = holm(found.p_value, pairs.column("family").to_numpy().astype(np.int64))
    direction = np.where(
        np.isnan(adjusted),
        "untested",
        np.where(adjusted >= level, "none", np.where(found.difference > 0, "rise", "fall")),
    )
    figures = {
        "change_estimate_pct": 100 * found.difference,
        "se_change_pct": 100 * found.standard_error,
        "df": found.degrees_of_freedom,
        "ci_low_pct": 100 * found.low,
        "ci_high_pct": 100 * found.high,
        "p_value": found.p_value,
        "p_adjusted": adjusted,
    }
    columns = {name: pairs.column(name) for name in KEY}
    columns |= {name: pa.array(np.round(values, SCALE), from_pandas=True) for name, values in figures.items()}
    columns["n_tests"] = pa.array(tests)
    columns["direction"] = pa.array(direction.tolist(), pa.string())
    columns["method"] = pa.array([METHOD] * pairs.num_rows, pa.string())
    return pa.table(columns)
