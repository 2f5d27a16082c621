"""Johnson's relative weights of questions on the overall question, from sums of dbt's first phase.

Which questions take part, and which forms, is decided in SQL; what the figures may be read as stands on the method page.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from assets.estimates.options import EstimateOptions
from assets.warehouse.engine import Warehouse

Floats = NDArray[np.float64]

SUMS = "intermediate.int_survey_driver_sums"
SCHEMA, TABLE = "estimates", "est_survey_driver"
KEY = ("unit_code", "unit_valid_from", "period_id", "instrument_code", "outcome_code")

# Decimals kept: far finer than any survey, and coarser than the noise of floating point.
SCALE = 10

# An eigenvalue of a correlation matrix below this is 0 but for rounding: they add up to the number of predictors.
SINGULAR = 1e-10

SCHEMA_OF_TABLE = pa.schema(
    [
        ("unit_code", pa.string()),
        ("unit_valid_from", pa.date32()),
        ("period_id", pa.string()),
        ("instrument_code", pa.string()),
        ("predictor_code", pa.string()),
        ("n_forms_complete", pa.int64()),
        ("n_predictors", pa.int64()),
        ("correlation", pa.float64()),
        ("relative_weight", pa.float64()),
        ("r_squared", pa.float64()),
        ("share_pct", pa.float64()),
        ("caution", pa.string()),
        ("weight_missing_reason", pa.string()),
    ]
)


@dataclass(frozen=True)
class Moments:
    """Sums over the forms that answer every question, as exact integers: the count, Σx per question, Σxy per pair."""

    forms: int
    sums: dict[str, int]
    products: dict[tuple[str, str], int]

    def covariance(self, one: str, other: str) -> int:
        """Return n(n − 1) times the sample covariance."""
        product = self.products[min(one, other), max(one, other)]
        return self.forms * product - self.sums[one] * self.sums[other]


def write_drivers(warehouse: Warehouse, options: EstimateOptions) -> int:
    """Replace ``estimates.est_survey_driver``: one row per unit, period, instrument and predictor with a complete form.

    Weights and R² are fractions of 1, shares percent of R². Returns the number of rows written.
    """
    ordered = warehouse.query(f"SELECT * FROM {SUMS} ORDER BY {', '.join(KEY)}").to_pylist()
    rows: list[dict[str, Any]] = []
    for key, pairs in groupby(ordered, key=lambda row: tuple(row[name] for name in KEY)):
        place = dict(zip(KEY, key, strict=True))
        outcome = place.pop("outcome_code")
        rows += [place | row for row in drivers(_moments(list(pairs)), outcome, options.driver_forms_per_predictor)]
    warehouse.write(SCHEMA, TABLE, pa.Table.from_pylist(rows, SCHEMA_OF_TABLE))
    return len(rows)


def _moments(pairs: list[dict[str, Any]]) -> Moments:
    """Return the moments of one unit, period and instrument from its rows of int_survey_driver_sums."""
    sums: dict[str, int] = {}
    products: dict[tuple[str, str], int] = {}
    for row in pairs:
        one, other = row["item_code"], row["other_code"]
        sums[one], sums[other] = row["sum_score"], row["sum_other"]
        products[min(one, other), max(one, other)] = row["sum_product"]
    return Moments(pairs[0]["n_forms"], sums, products)


def drivers(moments: Moments, outcome: str, forms_per_predictor: int) -> list[dict[str, Any]]:
    """Return one row per predictor, by code: correlation, weight, R², share and caution, or why there is no weight.

    A predictor without variance stands apart and the others are weighed without it. A regression on k predictors leaves
    no degree of freedom to k + 1 forms: whatever they say, R² is 1.
    """
    predictors = sorted(set(moments.sums) - {outcome})
    varying = [code for code in predictors if moments.covariance(code, code) > 0]
    reasons = dict.fromkeys(predictors, "predictor_constant")
    figures: dict[str, dict[str, Any]] = {code: {} for code in predictors}
    if moments.forms < max(len(varying), 1) + 2:
        reasons = dict.fromkeys(predictors, "too_few_forms")
    elif moments.covariance(outcome, outcome) == 0:
        reasons = dict.fromkeys(predictors, "outcome_constant")
    elif varying:
        correlations = _correlations(moments, [outcome, *varying])
        weights = relative_weights(correlations[1:, 1:], correlations[0, 1:])
        few = moments.forms < forms_per_predictor * len(varying)
        for place, code in enumerate(varying):
            figures[code]["correlation"] = _rounded(correlations[0, place + 1])
            if weights is None:
                reasons[code] = "collinear"
                continue
            del reasons[code]
            r_squared = weights.sum()
            figures[code] |= {
                "relative_weight": _rounded(weights[place]),
                "r_squared": _rounded(r_squared),
                "share_pct": _rounded(100 * weights[place] / r_squared) if _rounded(r_squared) > 0 else None,
                "caution": "association_few_forms" if few else "association",
            }
    counts = {"n_forms_complete": moments.forms, "n_predictors": len(varying)}
    return [
        {"predictor_code": code, **counts, **figures[code], "weight_missing_reason": reasons.get(code)}
        for code in predictors
    ]


def relative_weights(predictors: Floats, outcome: Floats) -> Floats | None:
    """Return the relative weights, which add up to R²; None where the predictors' correlation matrix is singular.

    `predictors` are the correlations among the k predictors (k × k), `outcome` theirs with the outcome (k). With
    R = V Δ² V' and Λ = V Δ V', the predictors are regressed on the closest uncorrelated variables (Λ) and the outcome on
    these (β = Λ⁻¹ r); the weight of predictor j is Σₘ Λⱼₘ² βₘ² (Johnson 2000, Multivariate Behavioral Research 35, 1-19).
    """
    eigenvalues, vectors = np.linalg.eigh(predictors)
    if eigenvalues.min() < SINGULAR:
        return None
    loadings = (vectors * np.sqrt(eigenvalues)) @ vectors.T
    coefficients = (vectors / np.sqrt(eigenvalues)) @ vectors.T @ outcome
    weights: Floats = loadings**2 @ coefficients**2
    return weights


def _correlations(moments: Moments, codes: list[str]) -> Floats:
    """Return the correlation matrix of questions that all vary."""
    covariances = np.array([[float(moments.covariance(one, other)) for other in codes] for one in codes])
    deviations = np.sqrt(np.diag(covariances))
    correlations: Floats = covariances / np.outer(deviations, deviations)
    return correlations


def _rounded(value: float) -> float:
    return round(float(value), SCALE)
