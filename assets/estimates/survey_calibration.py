"""Which survey rounds have their weights calibrated to the population, and the report of it.

Factors stand in calibration, the estimates that use them in sipas_round and calibrated_rounds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from assets.estimates.calibration import Calibration, Margin, calibrate, kish_design_effect, trimmed
from assets.estimates.intervals import Floats, Integers
from assets.estimates.options import EstimateOptions
from assets.ingest.shape import literal
from assets.warehouse.engine import Warehouse

SCHEMA, TABLE = "estimates", "est_survey_calibration"

FORMS = "intermediate.int_survey_round_form"
MARGINS = "staging.stg_population_margin"

# Raking stops when every margin holds to within this part of the population.
TOLERANCE = 1e-10
MOST_ROUNDS = 1000

# Decimals kept, coarser than the noise of floating point.
SCALE = 8

NOT_STATED = "~"
NONE = "*"

Names = tuple[str, ...]
Values = tuple[str, ...]

REPORT = pa.schema(
    [
        *((name, pa.string()) for name in ("round_code", "breakdown_1", "breakdown_2", "value_1", "value_2")),
        ("n_people", pa.int64()),
        ("n_forms", pa.int64()),
        *((name, pa.float64()) for name in ("weight_before", "weight_after", "factor_min", "factor_max")),
        *((name, pa.string()) for name in ("method", "status")),
        *((name, pa.int64()) for name in ("n_rounds", "n_trimmed")),
        *((name, pa.float64()) for name in ("deff_before", "deff_after")),
    ]
)


@dataclass(frozen=True)
class RoundCalibration:
    """A round with margins. Arrays have one element per form, in the order of response_id.

    `margins` are the people by value of each margin, `values` the value of each form in it. `weights` are the base weights
    after trimming, `cells` the cell of each form. `calibration` is None where `status` says why the weights stay as they
    are.
    """

    round_code: str
    margins: Mapping[Names, Mapping[Values, int]]
    values: Mapping[Names, list[Values]]
    base_weights: Floats
    weights: Floats
    cells: Integers
    calibration: Calibration | None
    status: str

    @property
    def method(self) -> str:
        """post_stratified for one margin, raked for several."""
        return "post_stratified" if len(self.margins) == 1 else "raked"

    @property
    def final_weights(self) -> Floats | None:
        if self.calibration is None:
            return None
        calibrated: Floats = self.weights * self.calibration.factors[self.cells]
        return calibrated


def write_calibrations(warehouse: Warehouse, options: EstimateOptions) -> int:
    """Replace ``estimates.est_survey_calibration``: one row per round, margin and value that people or forms have.

    Weights are people, factors multiply the weights of the forms. Returns the number of rows written.
    """
    rows = [row for found in calibrations(warehouse, options) for row in _report(found)]
    warehouse.write(SCHEMA, TABLE, pa.Table.from_pylist(rows, REPORT))
    return len(rows)


def calibrations(warehouse: Warehouse, options: EstimateOptions) -> list[RoundCalibration]:
    """Return the rounds that have margins, in the order of their codes."""
    margins: dict[str, dict[Names, dict[Values, int]]] = {}
    listed = warehouse.query(
        "SELECT round_code, breakdown_1, breakdown_2, value_1, value_2, n_people "
        f"FROM {MARGINS} WHERE round_code IN (SELECT code FROM staging.stg_survey_round)"
    ).to_pylist()
    for row in sorted(listed, key=lambda row: [str(row[name] or "") for name in row]):
        names = tuple(name for name in (row["breakdown_1"], row["breakdown_2"]) if name)
        values = tuple(row[f"value_{place}"] or "" for place in range(1, len(names) + 1))
        margins.setdefault(row["round_code"], {}).setdefault(names, {})[values] = row["n_people"]
    return [_calibrated(warehouse, options, code, of_round) for code, of_round in margins.items()]


def _calibrated(
    warehouse: Warehouse, options: EstimateOptions, code: str, margins: dict[Names, dict[Values, int]]
) -> RoundCalibration:
    needed = sorted({name for names in margins for name in names})
    columns = ", ".join(f"{'unit' if name == 'unit_code' else 'form'}.{name}" for name in needed)
    forms = warehouse.query(
        f"SELECT form.weight, {columns} FROM {FORMS} AS form "
        "INNER JOIN intermediate.int_unit_path AS unit ON form.placement_id = unit.placement_id "
        f"WHERE form.round_code = {literal(code)} ORDER BY form.response_id"
    )
    base = forms.column("weight").cast(pa.float64()).to_numpy()
    given = {name: forms.column(name).to_pylist() for name in needed}
    weights = base if options.weight_limit is None or not len(base) else trimmed(base, options.weight_limit)
    return calibrated(code, margins, given, base, weights)


def calibrated(
    code: str,
    margins: Mapping[Names, Mapping[Values, int]],
    given: Mapping[str, Sequence[str]],
    base: Floats,
    weights: Floats,
) -> RoundCalibration:
    """Calibrate the weights of a round's forms; `given` are the forms' values of each name in the margins, NOT_STATED for none."""
    values = {
        names: [_value(parts) for parts in zip(*(given[name] for name in names), strict=True)] for names in margins
    }
    status = _obstacle(margins, values, weights)
    cells = np.zeros(len(base), np.int64)
    calibration = None
    if status is None:
        combined = list(zip(*values.values(), strict=True))
        distinct = sorted(set(combined))
        place = {cell: number for number, cell in enumerate(distinct)}
        cells = np.array([place[cell] for cell in combined], np.int64)
        totals = np.asarray(np.bincount(cells, weights), dtype=np.float64)
        specs = [
            _margin([cell[number] for cell in distinct], people, totals)
            for number, people in enumerate(margins.values())
        ]
        calibration = calibrate(totals, specs, TOLERANCE * float(specs[0].people.sum()), MOST_ROUNDS)
        if not calibration.converged:
            calibration, status = None, "not_converged"
    return RoundCalibration(code, margins, values, base, weights, cells, calibration, status or "calibrated")


def _value(parts: tuple[str, ...]) -> Values:
    """The value of a form; one that is not stated in full is not stated."""
    return (NOT_STATED,) * len(parts) if NOT_STATED in parts else parts


def _obstacle(
    margins: Mapping[Names, Mapping[Values, int]], values: Mapping[Names, list[Values]], weights: Floats
) -> str | None:
    """Why the round cannot be calibrated, or None."""
    if not weights.sum() > 0:
        return "no_forms"
    if len({sum(people.values()) for people in margins.values()}) > 1:
        return "totals_differ"
    for names, people in margins.items():
        weighted = {value for value, weight in zip(values[names], weights, strict=True) if weight > 0}
        counted = {value for value, number in people.items() if number > 0}
        if counted - weighted:
            return "people_without_forms"
        if {value for value in values[names] if NOT_STATED not in value} - counted:
            return "forms_without_people"
    return None


def _margin(values: list[Values], people: Mapping[Values, int], weights: Floats) -> Margin:
    """Forms that do not say keep their share of the weights; what is left of the people is spread as they are."""
    distinct = sorted(set(values))
    categories = np.array([distinct.index(value) for value in values], np.int64)
    unstated = np.array([NOT_STATED in value for value in values])
    share = float(weights[unstated].sum() / weights.sum())
    total = sum(people.values())
    wanted = [total * share if NOT_STATED in value else people[value] * (1 - share) for value in distinct]
    return Margin(categories, np.array(wanted, np.float64))


def _report(found: RoundCalibration) -> Iterator[dict[str, Any]]:
    final = found.final_weights
    factors = None if found.calibration is None else found.calibration.factors[found.cells]
    whole = {
        "round_code": found.round_code,
        "method": found.method,
        "status": found.status,
        "n_rounds": None if found.calibration is None else found.calibration.rounds,
        "n_trimmed": int(np.sum(found.weights < found.base_weights)),
        "deff_before": _rounded(kish_design_effect(found.base_weights)) if found.base_weights.sum() > 0 else None,
        "deff_after": None if final is None else _rounded(kish_design_effect(final)),
    }
    for names, people in found.margins.items():
        for value in sorted({*people, *found.values[names]}):
            inside = np.array([of_form == value for of_form in found.values[names]], bool)
            used = inside & (found.weights > 0)
            yield whole | {
                "breakdown_1": names[0],
                "breakdown_2": names[1] if len(names) == 2 else NONE,
                "value_1": value[0],
                "value_2": value[1] if len(names) == 2 else NONE,
                "n_people": people.get(value),
                "n_forms": int(inside.sum()),
                "weight_before": _rounded(float(found.base_weights[inside].sum())),
                "weight_after": None if final is None else _rounded(float(final[inside].sum())),
                "factor_min": None if factors is None or not used.any() else _rounded(float(factors[used].min())),
                "factor_max": None if factors is None or not used.any() else _rounded(float(factors[used].max())),
            }


def _rounded(value: float) -> float:
    return round(value, SCALE)
