"""Design-based estimates of survey rounds, from the sums of dbt's first phase. Formulas stand in design."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from assets.estimates.calibrated_rounds import with_calibrated_rounds
from assets.estimates.design import DomainSums, QuadraticForm, estimate_share
from assets.estimates.intervals import Floats, Integers
from assets.estimates.options import EstimateOptions
from assets.estimates.survey_calibration import calibrations
from assets.warehouse.engine import Warehouse

SUMS = "intermediate.int_survey_round_sums"
SCHEMA, TABLE = "estimates", "est_sipas_round"

KEY = ("round_code", "unit_code", "unit_valid_from", "instrument_code", "node_code", "breakdown", "breakdown_value")

# Decimals kept, in percent: far finer than any survey, and coarser than the noise of floating point.
SCALE = 10


def write_estimates(warehouse: Warehouse, options: EstimateOptions) -> int:
    """Replace ``estimates.est_sipas_round``: one row per round, unit, node, breakdown and value with a weighted answer.

    Rounds whose weights are calibrated are estimated from sums over their calibrated weights. Figures are percentages
    (standard error: percentage points). Returns the number of rows written.
    """
    sums = warehouse.query(f"SELECT * FROM {SUMS} WHERE b > 0")
    rounds = calibrations(warehouse, options)
    domains = with_calibrated_rounds(warehouse, rounds, sums, domain_sums(sums))
    weighting = {found.round_code: f"{found.method}_" for found in rounds if found.calibration is not None}
    estimates = estimate(sums, domains, weighting, options)
    warehouse.write(SCHEMA, TABLE, estimates)
    written: int = estimates.num_rows
    return written


def estimate(sums: pa.Table, domains: DomainSums, weighting: Mapping[str, str], options: EstimateOptions) -> pa.Table:
    """Return the estimates for rows of int_survey_round_sums that have a weighted answer, in their order.

    `weighting` says by round what its method begins with, where its weights are not those given.
    """
    result = estimate_share(domains, options)
    begins = [weighting.get(code, "") for code in sums.column("round_code").to_pylist()]
    figures = {
        "estimate_pct": 100 * result.proportion,
        "se_pct": 100 * result.standard_error,
        "deff": result.design_effect,
        "n_eff": result.effective_n,
        "ci_low_pct": 100 * result.low,
        "ci_high_pct": 100 * result.high,
    }
    columns = {name: sums.column(name) for name in KEY}
    columns |= {name: pa.array(np.round(values, SCALE), from_pandas=True) for name, values in figures.items()}
    columns["df"] = pa.array(result.degrees_of_freedom)
    method = [begin + str(name) for begin, name in zip(begins, result.method, strict=True)]
    texts = {"presentation": result.presentation, "presentation_reason": result.reason, "method": method}
    columns |= {name: pa.array(values, pa.string()) for name, values in texts.items()}
    return pa.table(columns)


def domain_sums(sums: pa.Table) -> DomainSums:
    """Return the columns of the macro `design_variance` as arrays, decimals as doubles."""

    def integers(name: str) -> Integers:
        values: Integers = sums.column(name).cast(pa.int64()).to_numpy()
        return values

    def floats(name: str) -> Floats:
        values: Floats = sums.column(name).cast(pa.float64()).to_numpy()
        return values

    def form(part: str) -> QuadraticForm:
        return QuadraticForm(*(floats(f"{part}_{product}") for product in ("aa", "ab", "bb")))

    return DomainSums(
        total_satisfied=floats("a"),
        total_answers=floats("b"),
        first=form("first"),
        single=form("single"),
        later=form("later"),
        strata=integers("n_strata"),
        units=integers("n_psus"),
        single_strata=integers("n_single_first"),
        single_clusters=integers("n_single_later"),
        forms=integers("n_forms_answered"),
        answers=integers("n_answers"),
        weights=floats("weight_answered"),
        satisfied_squared=floats("weighted_ss"),
        satisfied_answers=floats("weighted_sn"),
        answers_squared=floats("weighted_nn"),
    )
