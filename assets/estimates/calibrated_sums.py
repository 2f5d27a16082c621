"""Sums over the forms of calibrated survey rounds, which take the place of those that SQL makes with the weights as given.

A weighted total over calibrated weights has the variance of its residuals, and every form of the round has one, inside a
domain or not. Weights and effects of margins stand in calibration, the variance of a design in place_sums.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace

import numpy as np
import pyarrow as pa
from scipy.sparse import csr_matrix

from assets.estimates.calibration import Calibration, importance, margin_effects
from assets.estimates.design import DomainSums, QuadraticForm
from assets.estimates.intervals import Floats, Integers
from assets.estimates.place_sums import Places, PlaceTotals, quadratic_forms
from assets.estimates.survey_calibration import RoundCalibration
from assets.ingest.shape import literal
from assets.warehouse.engine import Warehouse

# Values held at once for each sum by domain and place or cell.
MOST_VALUES = 2_000_000

PLACE_COLUMNS = tuple(field.name for field in fields(Places) if field.name not in ("stratum", "psu"))


@dataclass(frozen=True)
class RoundForms:
    """The forms of a round, one element each: base weight, cell of the calibration, and place in the design."""

    weight: Floats
    cell: Integers
    place: Integers


@dataclass(frozen=True)
class Members:
    """Which forms make which domains: one element per form and domain it belongs to."""

    form: Integers
    domain: Integers


@dataclass(frozen=True)
class CalibratedSums:
    """One row per domain: weighted totals over calibrated weights and the place totals of their residuals.

    `weights` to `answers_squared` as in design.DomainSums.
    """

    total_satisfied: Floats
    total_answers: Floats
    residuals: PlaceTotals
    weights: Floats
    satisfied_squared: Floats
    satisfied_answers: Floats
    answers_squared: Floats


def calibrated_sums(
    forms: RoundForms,
    calibration: Calibration,
    n_places: int,
    members: Members,
    n_domains: int,
    satisfied: Floats,
    answers: Floats,
) -> CalibratedSums:
    """Return the sums of domains; `satisfied` and `answers` are counts per form."""
    n_cells = len(calibration.factors)
    final = forms.weight * calibration.factors[forms.cell]
    answered = answers[members.form] > 0
    form, of = members.form[answered], members.domain[answered]
    cell, place, s, n = forms.cell[form], forms.place[form], satisfied[form], answers[form]
    w = final[form]

    def by_domain(values: Floats) -> Floats:
        return _sums(of, values, n_domains)

    def by_place(values: Floats) -> Floats:
        return _sums(of * n_places + place, values, n_domains * n_places).reshape(n_domains, n_places)

    counts_as = importance(calibration, forms.weight)
    sizes = _sums(forms.cell, counts_as, n_cells)

    def effects(values: Floats) -> list[Floats]:
        sums = []
        for margin in calibration.margins:
            n_categories = len(margin.people)
            group = of * n_categories + margin.categories[cell]
            sums.append(
                _sums(group, counts_as[form] * values, n_domains * n_categories).reshape(n_domains, n_categories)
            )
        return margin_effects(calibration, sums, sizes)

    # Of every form of the round, by cell and place; few cells have forms in many places.
    everyone, squared = (
        csr_matrix((values, (forms.cell, forms.place)), shape=(n_cells, n_places)) for values in (final, final**2)
    )
    of_categories = [margin.membership.T @ everyone for margin in calibration.margins]
    effects_s, effects_n = effects(s), effects(n)
    margins = calibration.margins

    def by_form(found: list[Floats]) -> Floats:
        return sum(
            (effect[of, margin.categories[cell]] for effect, margin in zip(found, margins, strict=True)),
            np.zeros(len(of)),
        )

    def explained(found: list[Floats]) -> Floats:
        return sum(
            (effect @ weights for effect, weights in zip(found, of_categories, strict=True)),
            np.zeros((n_domains, n_places)),
        )

    def by_cell(found: list[Floats]) -> Floats:
        return sum(
            (effect[:, margin.categories] for effect, margin in zip(found, margins, strict=True)),
            np.zeros((n_domains, n_cells)),
        )

    own_s, own_n = by_form(effects_s), by_form(effects_n)
    cell_s, cell_n = by_cell(effects_s), by_cell(effects_n)
    square = w * w
    residuals = PlaceTotals(
        a=by_place(w * s) - explained(effects_s),
        b=by_place(w * n) - explained(effects_n),
        aa=by_place(square * s * (s - 2 * own_s)) + cell_s**2 @ squared,
        ab=by_place(square * (s * n - s * own_n - n * own_s)) + (cell_s * cell_n) @ squared,
        bb=by_place(square * n * (n - 2 * own_n)) + cell_n**2 @ squared,
    )
    return CalibratedSums(
        total_satisfied=by_domain(w * s),
        total_answers=by_domain(w * n),
        residuals=residuals,
        weights=by_domain(w),
        satisfied_squared=by_domain(w * s * s),
        satisfied_answers=by_domain(w * s * n),
        answers_squared=by_domain(w * n * n),
    )


def _sums(groups: Integers, values: Floats, n_groups: int) -> Floats:
    return np.asarray(np.bincount(groups, values, n_groups), dtype=np.float64)


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
