"""The forms of calibrated survey rounds as the warehouse holds them, and their sums among those of the other rounds.

Formulas stand in calibrated_sums and place_sums.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace

import numpy as np
import pyarrow as pa

from assets.estimates.calibrated_sums import CalibratedSums, Members, RoundForms, calibrated_sums
from assets.estimates.design import DomainSums, QuadraticForm
from assets.estimates.intervals import Floats, Integers
from assets.estimates.place_sums import Places, quadratic_forms
from assets.estimates.survey_calibration import RoundCalibration
from assets.ingest.shape import literal
from assets.warehouse.engine import Warehouse

# Values held at once for each sum by domain and place or cell.
MOST_VALUES = 2_000_000

PLACE_COLUMNS = tuple(field.name for field in fields(Places) if field.name not in ("stratum", "psu"))


def with_calibrated_rounds(
    warehouse: Warehouse, rounds: list[RoundCalibration], sums: pa.Table, given: DomainSums
) -> DomainSums:
    """Return the sums of `given`, those of the rounds with a calibration replaced; rows are those of `sums`."""
    columns = {
        name: getattr(given, name).astype(np.float64)
        for name in (
            "total_satisfied",
            "total_answers",
            "weights",
            "satisfied_squared",
            "satisfied_answers",
            "answers_squared",
        )
    }
    parts = {
        part: {product: getattr(getattr(given, part), product).copy() for product in ("aa", "ab", "bb")}
        for part in ("first", "single", "later")
    }
    for found in rounds:
        if found.calibration is None:
            continue
        for rows, made, places in _domains(warehouse, found, sums):
            for name, values in columns.items():
                values[rows] = getattr(made, name)
            for part, form in zip(parts.values(), quadratic_forms(made.residuals, places), strict=True):
                for product, values in part.items():
                    values[rows] = getattr(form, product)
    first, single, later = (QuadraticForm(**parts[part]) for part in ("first", "single", "later"))
    return replace(given, first=first, single=single, later=later, **columns)


def _domains(
    warehouse: Warehouse, found: RoundCalibration, sums: pa.Table
) -> Iterator[tuple[Integers, CalibratedSums, Places]]:
    """Yield, in parts, the numbers of the rows of `sums` that are of the round, and their sums."""
    assert found.calibration is not None
    code = literal(found.round_code)
    keys = sums.select(["round_code", "unit_code", "unit_valid_from", "node_code", "breakdown", "breakdown_value"])
    rows: dict[tuple[str, str], dict[tuple[object, ...], int]] = {}
    for number, row in enumerate(keys.to_pylist()):
        if row["round_code"] == found.round_code:
            domain = (row["unit_code"], row["unit_valid_from"], row["breakdown_value"])
            rows.setdefault((row["node_code"], row["breakdown"]), {})[domain] = number
    breakdowns = sorted({breakdown for _, breakdown in rows if breakdown != "*"})
    listed = "".join(f", form.{name}" for name in breakdowns)
    forms_table = warehouse.query(
        f"SELECT form.response_id, form.placement_id, place.place_id{listed} "
        "FROM intermediate.int_survey_round_form AS form INNER JOIN intermediate.int_survey_round_place AS place "
        "ON form.round_code = place.round_code AND coalesce(form.stratum, '') = coalesce(place.stratum, '') "
        "AND coalesce(form.psu, '') = coalesce(place.psu, '') AND coalesce(form.ssu, '') = coalesce(place.ssu, '') "
        f"WHERE form.round_code = {code} ORDER BY form.response_id"
    )
    places, place_ids = _places(warehouse, code)
    response_ids = forms_table.column("response_id").to_numpy()
    forms = RoundForms(
        found.weights, found.cells, np.searchsorted(place_ids, forms_table.column("place_id").to_numpy())
    )
    units, form_of, unit_of = _units(warehouse, forms_table.column("placement_id").to_numpy())
    codes = {"*": (np.zeros(len(response_ids), np.int64), {"*": 0})}
    for name in breakdowns:
        distinct, code_of = np.unique(
            forms_table.column(name).to_numpy(zero_copy_only=False).astype(str), return_inverse=True
        )
        codes[name] = code_of, {str(value): number for number, value in enumerate(distinct)}
    per_part = max(1, MOST_VALUES // max(len(place_ids), len(found.calibration.factors)))
    for node in sorted({node for node, _ in rows}):
        satisfied, answers = _answers(warehouse, code, node, response_ids)
        for breakdown, (code_of, code_of_value) in codes.items():
            wanted = list(rows.get((node, breakdown), {}).items())
            for start in range(0, len(wanted), per_part):
                part = wanted[start : start + per_part]
                domain_of = np.full((len(units), len(code_of_value)), -1)
                for number, ((unit_code, valid_from, value), _) in enumerate(part):
                    domain_of[units[unit_code, valid_from], code_of_value[str(value)]] = number
                domain_of_member = domain_of[unit_of, code_of[form_of]]
                inside = domain_of_member >= 0
                members = Members(form_of[inside], domain_of_member[inside])
                made = calibrated_sums(forms, found.calibration, len(place_ids), members, len(part), satisfied, answers)
                yield np.array([row for _, row in part]), made, places


def _places(warehouse: Warehouse, code: str) -> tuple[Places, Integers]:
    """The places of a round and their ids, in order."""
    table = warehouse.query(
        f"SELECT place_id, stratum_id, coalesce(psu_id, -1) AS psu_id, {', '.join(PLACE_COLUMNS)} "
        f"FROM intermediate.int_survey_round_place WHERE round_code = {code} ORDER BY place_id"
    )

    def column(name: str) -> Floats:
        values: Floats = table.column(name).cast(pa.float64()).fill_null(0).to_numpy()
        return values

    whole = {name: column(name).astype(np.int64) for name in ("stratum_id", "psu_id", "depth", "is_single_1")}
    return (
        Places(
            stratum=whole["stratum_id"],
            psu=whole["psu_id"],
            depth=whole["depth"],
            is_single_1=whole["is_single_1"],
            **{name: column(name) for name in PLACE_COLUMNS if name not in whole},
        ),
        table.column("place_id").to_numpy(),
    )


def _units(warehouse: Warehouse, placements: Integers) -> tuple[dict[tuple[object, ...], int], Integers, Integers]:
    """Return numbers of units, and the forms with the units they count in: one element per form and unit."""
    distinct, of_form = np.unique(placements, return_inverse=True)
    number_of = {placement: number for number, placement in enumerate(distinct.tolist())}
    units: dict[tuple[object, ...], int] = {}
    above: list[list[int]] = [[] for _ in number_of]
    for row in warehouse.query(
        "SELECT placement_id, unit_code, unit_valid_from FROM intermediate.int_unit_ancestor "
        "ORDER BY placement_id, unit_code, unit_valid_from"
    ).to_pylist():
        if row["placement_id"] in number_of:
            unit = units.setdefault((row["unit_code"], row["unit_valid_from"]), len(units))
            above[number_of[row["placement_id"]]].append(unit)
    counts = np.array([len(units_above) for units_above in above])[of_form]
    flat = np.array([unit for units_above in above for unit in units_above])
    first = np.cumsum([0, *(len(units_above) for units_above in above)])[of_form]
    form_of = np.repeat(np.arange(len(of_form)), counts)
    step = np.arange(len(form_of)) - np.repeat(np.cumsum(counts) - counts, counts)
    return units, form_of, flat[first[form_of] + step]


def _answers(warehouse: Warehouse, code: str, node: str, response_ids: Integers) -> tuple[Floats, Floats]:
    """Satisfied and valid answers of every form of the round to a node; 0 where it has none."""
    table = warehouse.query(
        "SELECT form_node.response_id, form_node.n_satisfied, form_node.n_answers "
        "FROM intermediate.int_survey_form_node AS form_node "
        "INNER JOIN intermediate.int_survey_round_form AS form ON form_node.response_id = form.response_id "
        "INNER JOIN (SELECT DISTINCT node_id, instrument_code, node_code FROM intermediate.int_node_item) AS node "
        "ON form_node.node_id = node.node_id AND form.instrument_code = node.instrument_code "
        f"WHERE form.round_code = {code} AND node.node_code = {literal(node)}"
    )
    where = np.searchsorted(response_ids, table.column("response_id").to_numpy())
    satisfied, answers = np.zeros(len(response_ids)), np.zeros(len(response_ids))
    satisfied[where] = table.column("n_satisfied").to_numpy()
    answers[where] = table.column("n_answers").to_numpy()
    return satisfied, answers
