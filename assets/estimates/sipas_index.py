"""Estimates and intervals of the satisfaction index, from the sums of dbt's first phase. Formulas stand in intervals."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from assets.estimates.intervals import FormSums, Integers, ratio_over_forms
from assets.estimates.options import EstimateOptions
from assets.warehouse.engine import Warehouse

SUMS = "intermediate.int_survey_node_sums"
SCHEMA, TABLE = "estimates", "est_sipas_index"

# Korn-Graubard, forms taken as a simple random sample. For a stream of self-selected respondents (a tablet at the desk, an
# online form) the interval is model-based: it says how far chance alone could go if they were such a sample.
METHOD = "srs_korn_graubard"

KEY = (
    "unit_code",
    "unit_valid_from",
    "period_id",
    "instrument_code",
    "node_code",
    "breakdown",
    "breakdown_value",
)

# Decimals kept, in percent: far finer than any survey, and coarser than the noise of floating point.
SCALE = 10


def write_estimates(warehouse: Warehouse, options: EstimateOptions) -> int:
    """Replace ``estimates.est_sipas_index``: one row per unit, period, instrument, node, breakdown and value with an answer.

    Figures are percentages (standard error: percentage points). Returns the number of rows written.
    """
    sums = warehouse.query(f"SELECT * FROM {SUMS} WHERE n_answers > 0 AND territory_basis = 'as_reported'")
    estimates = estimate(sums)
    warehouse.write(SCHEMA, TABLE, estimates)
    written: int = estimates.num_rows
    return written


def estimate(sums: pa.Table) -> pa.Table:
    """Return the estimates for rows of int_survey_node_sums that have a valid answer, in their order."""

    def column(name: str) -> Integers:
        values: Integers = sums.column(name).to_numpy().astype(np.int64)
        return values

    result = ratio_over_forms(
        FormSums(
            forms=column("n_forms_drawn"),
            forms_answered=column("n_forms_answered"),
            answers=column("n_answers"),
            satisfied=column("n_satisfied"),
            satisfied_squared=column("sum_satisfied_squared"),
            satisfied_answers=column("sum_satisfied_answers"),
            answers_squared=column("sum_answers_squared"),
        )
    )
    figures = {
        "estimate_pct": 100 * result.proportion,
        "se_pct": 100 * result.standard_error,
        "n_eff": result.effective_n,
        "ci_low_pct": 100 * result.low,
        "ci_high_pct": 100 * result.high,
    }
    columns = {name: sums.column(name) for name in KEY}
    columns |= {name: pa.array(np.round(values, SCALE), from_pandas=True) for name, values in figures.items()}
    columns["df"] = pa.array(result.degrees_of_freedom)
    columns["method"] = pa.array([METHOD] * sums.num_rows, pa.string())
    return pa.table(columns)
