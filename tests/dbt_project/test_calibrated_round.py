"""Estimates of calibrated rounds against a second computation, form by form: raking, residuals, recursion over the stages."""

from __future__ import annotations

from collections import defaultdict
from math import sqrt
from typing import Any

import pytest
from landing_plan import CALIBRATED, MARGINS
from landing_sample import Sample
from test_sipas_round import Design, cells, place, round_of
from test_survey_index import Row, counts_of, forms

from assets.estimates.options import EstimateOptions
from assets.estimates.survey_calibration import calibrations
from assets.warehouse.engine import Warehouse

__all__ = ["forms"]


class Calibrated:
    """The forms of a round with calibrated weights."""

    def __init__(self, code: str, forms: list[Row]) -> None:
        self.forms = [form for form in forms if round_of(form) == code]
        self.margins: dict[tuple[str, ...], dict[tuple[str, ...], int]] = defaultdict(dict)
        for of_round, *names, value_1, value_2, people in MARGINS:
            if of_round == code:
                margin = tuple(str(name) for name in names if name)
                self.margins[margin][tuple(str(value) for value in (value_1, value_2) if value)] = int(str(people))
        self.base = [float(form["weight"]) for form in self.forms]
        self.weights = list(self.base)
        for _ in range(500):
            for margin in self.margins:
                self.fit(margin)

    def category(self, margin: tuple[str, ...], form: Row) -> tuple[str, ...]:
        values = tuple(form[name] or "~" for name in margin)
        return ("~",) if "~" in values else values

    def groups(self, margin: tuple[str, ...]) -> dict[tuple[str, ...], list[int]]:
        found = defaultdict(list)
        for number, form in enumerate(self.forms):
            found[self.category(margin, form)].append(number)
        return found

    def people(self, margin: tuple[str, ...]) -> dict[tuple[str, ...], float]:
        """Forms that do not say stand for their share of everybody."""
        unstated = sum(
            weight for weight, form in zip(self.base, self.forms, strict=True) if self.category(margin, form) == ("~",)
        )
        share, total = unstated / sum(self.base), sum(self.margins[margin].values())
        return {value: n * (1 - share) for value, n in self.margins[margin].items()} | {("~",): total * share}

    def fit(self, margin: tuple[str, ...]) -> None:
        people = self.people(margin)
        for value, members in self.groups(margin).items():
            factor = people[value] / sum(self.weights[number] for number in members)
            for number in members:
                self.weights[number] *= factor

    def residuals(self, values: list[float]) -> list[float]:
        left = list(values)
        for _ in range(10):
            for margin in self.margins:
                for members in self.groups(margin).values():
                    # Means with weights for one margin, without for several, as svyrecvar has them.
                    shares = [self.base[number] if len(self.margins) == 1 else 1.0 for number in members]
                    mean = sum(s * left[number] for s, number in zip(shares, members, strict=True)) / sum(shares)
                    for number in members:
                        left[number] -= mean
        return left


@pytest.mark.parametrize("code", CALIBRATED)
def test_every_cell_has_the_variance_of_its_residuals(
    code: str, sample: Sample, forms: list[Row], duckdb_built: Warehouse
) -> None:
    calibrated = Calibrated(code, forms)
    design = Design(code, calibrated.forms, sample.rows("sampling_frame"))
    places = [place(form) for form in calibrated.forms]
    numbers = {form["record_key"]: number for number, form in enumerate(calibrated.forms)}
    rows = {
        (row["unit_code"], row["node_code"], row["breakdown"], row["breakdown_value"]): row
        for row in duckdb_built.query(f"SELECT * FROM marts.sipas_round WHERE round_code = '{code}'").to_pylist()
    }
    expected = {key[1:]: members for key, members in cells(forms).items() if key[0] == code}
    assert set(rows) == set(expected)
    tested = 0
    for key, members in expected.items():
        row = rows[key]
        satisfied, answers = [0.0] * len(places), [0.0] * len(places)
        for form in members:
            number, counts = numbers[form["record_key"]], counts_of(form, key[1])
            satisfied[number], answers[number] = counts["n_satisfied"], counts["n_answers"]
        total = sum(w * n for w, n in zip(calibrated.weights, answers, strict=True))
        if not total:
            assert row["estimate_pct"] is row["se_pct"] is row["method"] is None
            continue
        share = sum(w * s for w, s in zip(calibrated.weights, satisfied, strict=True)) / total
        assert row["estimate_pct"] == pytest.approx(100 * share, abs=1e-7)
        left = calibrated.residuals([(s - share * n) / total for s, n in zip(satisfied, answers, strict=True)])
        values: Any = {units: w * value for units, w, value in zip(places, calibrated.weights, left, strict=True)}
        variance = sum(design.variance(values, stratum) or 0 for stratum in {units[:1] for units in places})
        assert row["se_pct"] == pytest.approx(100 * sqrt(variance), abs=1e-7), key
        assert row["method"].startswith("raked_taylor_" if code == "R4" else "post_stratified_taylor_")
        tested += variance > 0
    assert tested > 20


@pytest.mark.parametrize("code", CALIBRATED)
def test_the_report_says_what_the_weights_became(code: str, forms: list[Row], duckdb_built: Warehouse) -> None:
    calibrated = Calibrated(code, forms)
    rows = duckdb_built.query(f"SELECT * FROM marts.survey_calibration WHERE round_code = '{code}'").to_pylist()
    seen = set()
    for row in rows:
        margin = tuple(name for name in (row["breakdown_1"], row["breakdown_2"]) if name != "*")
        value = tuple(row[f"value_{number}"] for number in range(1, len(margin) + 1))
        members = calibrated.groups(margin).get(("~",) if "~" in value else value, [])
        seen.add((margin, value))
        assert row["status"] == "calibrated" and row["n_trimmed"] == 0
        assert row["n_people"] == calibrated.margins[margin].get(value)
        assert row["n_forms"] == len(members)
        assert row["weight_before"] == pytest.approx(sum(calibrated.base[number] for number in members))
        assert row["weight_after"] == pytest.approx(sum(calibrated.weights[number] for number in members))
        factors = [calibrated.weights[number] / calibrated.base[number] for number in members]
        assert (row["factor_min"], row["factor_max"]) == pytest.approx((min(factors), max(factors)))
        weights = calibrated.weights
        assert row["deff_after"] == pytest.approx(len(weights) * sum(w * w for w in weights) / sum(weights) ** 2)
    assert len(seen) == len(rows) == sum(len(calibrated.groups(margin)) for margin in calibrated.margins)


def test_rounds_that_cannot_be_calibrated_say_why_and_stay(duckdb_built: Warehouse) -> None:
    rows = duckdb_built.query(
        "SELECT DISTINCT round_code, status, method, n_rounds FROM marts.survey_calibration "
        "WHERE status <> 'calibrated' ORDER BY 1"
    ).to_pylist()
    assert [tuple(row.values()) for row in rows] == [
        ("R1", "totals_differ", "raked", None), ("R3", "people_without_forms", "post_stratified", None),
    ]  # fmt: skip
    methods = duckdb_built.query(
        "SELECT DISTINCT method FROM marts.sipas_round WHERE round_code IN ('R1', 'R3')"
    ).to_pylist()
    assert not any(str(row["method"]).startswith(("raked", "post")) for row in methods)


def test_weights_above_the_limit_are_cut_off_before_calibration(duckdb_built: Warehouse) -> None:
    limited = {found.round_code: found for found in calibrations(duckdb_built, EstimateOptions(weight_limit=1.2))}
    for code in CALIBRATED:
        found = limited[code]
        assert found.final_weights is not None
        largest = 1.2 * found.base_weights.mean()
        assert found.weights.max() == pytest.approx(largest) and found.base_weights.max() > largest
        assert (found.weights == found.base_weights).any()
        assert found.final_weights.sum() == pytest.approx(sum(next(iter(found.margins.values())).values()))
