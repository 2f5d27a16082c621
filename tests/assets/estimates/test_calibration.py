"""Calibrated estimates against R's survey package: the api samples, golden pairs of random designs; and what must always hold."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from public_data import DATA, needs_public_data

from assets.estimates.calibrated_sums import Members, RoundForms, calibrated_sums
from assets.estimates.calibration import Calibration, Margin, calibrate, kish_design_effect, trimmed
from assets.estimates.intervals import Floats
from assets.estimates.place_sums import Places, quadratic_forms

ROOT = Path(__file__).resolve().parents[3]
STATS = DATA / "stats"
GOLDEN = ROOT / "tests" / "golden"
CLOSE: Any = {"rel": 1e-8, "abs": 1e-10}


@dataclass(frozen=True)
class Design:
    """One row per form: stratum, cluster (blank: the form is a unit) and the units of the frame (blank: not known)."""

    stratum: list[str]
    psu: list[str]
    frame_1: list[float | None]
    frame_2: list[float | None]

    def places(self) -> tuple[Places, Any]:
        """The places as the macro `sampling_places` makes them for at most two stages, and the place of each form."""
        keys = list(zip(self.stratum, self.psu, strict=True))
        distinct = sorted(set(keys))
        of_form = np.array([distinct.index(key) for key in keys])
        strata, psus = sorted(set(self.stratum)), sorted({key for key in distinct if key[1]})
        rows = []
        for place, (stratum, psu) in enumerate(distinct):
            inside = [number for number, name in enumerate(self.stratum) if name == stratum]
            n_1 = sum(keys[number][1] == "" for number in inside) + len(
                {keys[number] for number in inside if keys[number][1]}
            )
            n_2 = int(np.sum(of_form == place)) if psu else 0
            first = int(np.flatnonzero(of_form == place)[0])
            known = all(
                self.frame_1[number] is not None and (not keys[number][1] or self.frame_2[number] is not None)
                for number in inside
            )
            f_1 = n_1 / (self.frame_1[first] or 1) if known else 0.0
            f_2 = n_2 / (self.frame_2[first] or 1) if known and psu else 0.0
            rows.append(
                {
                    "stratum": strata.index(stratum), "psu": psus.index((stratum, psu)) if psu else -1,
                    "depth": 2 if psu else 1, "n_1": float(n_1), "n_2": float(n_2), "n_3": 0.0,
                    "scale_1": (1 - f_1) / (n_1 - 1) if n_1 > 1 else 0.0,
                    "scale_2": f_1 * (1 - f_2) / (n_2 - 1) if n_2 > 1 else 0.0, "scale_3": 0.0,
                    "is_single_1": int(n_1 == 1 and f_1 < 1), "rest_1": 1 - f_1,
                }
            )  # fmt: skip
        return Places(**{name: np.array([row[name] for row in rows]) for name in rows[0]}), of_form


def cells_of(categories: list[list[str]]) -> tuple[Any, list[tuple[str, ...]]]:
    combined = list(zip(*categories, strict=True))
    distinct = sorted(set(combined))
    return np.array([distinct.index(cell) for cell in combined]), distinct


def fitted(
    weights: Floats, categories: list[list[str]], people: list[dict[str, float]], tolerance: float, most_rounds: int
) -> tuple[Calibration, Any]:
    cells, distinct = cells_of(categories)
    margins = []
    for number, counted in enumerate(people):
        names = sorted(counted)
        of_cell = np.array([names.index(cell[number]) for cell in distinct])
        margins.append(Margin(of_cell, np.array([counted[name] for name in names])))
    return calibrate(np.bincount(cells, weights), margins, tolerance, most_rounds), cells


def total_and_ratio(
    design: Design, weights: Floats, calibration: Calibration, cells: Any, top: Floats, bottom: Floats, domain: Any
) -> dict[str, float]:
    """Total of `top` and its ratio to `bottom` over the forms of the domain, with standard errors."""
    places, place = design.places()
    form = np.flatnonzero(domain)
    made = calibrated_sums(
        RoundForms(weights, cells, place),
        calibration,
        len(places.stratum),
        Members(form, np.zeros(len(form), np.int64)),
        1,
        top,
        bottom,
    )
    first, single, later = quadratic_forms(made.residuals, places)
    assert not single.aa.any()
    ratio = made.total_satisfied / made.total_answers
    variance = (first.of_ratio(ratio) + later.of_ratio(ratio)) / made.total_answers**2
    return {
        "total": made.total_satisfied[0],
        "total_se": float(np.sqrt(first.aa + later.aa)[0]),
        "ratio": float(ratio[0]),
        "ratio_se": float(np.sqrt(variance)[0]),
    }


@needs_public_data
@pytest.mark.parametrize("method", ["post-stratified", "raked"])
def test_the_api_sample_gives_what_r_printed(method: str) -> None:
    with (STATS / "apiclus1.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    known = json.loads((STATS / "reference_values.json").read_text(encoding="utf-8"))
    design = Design(
        [""] * len(lines),
        [line["dnum"] for line in lines],
        [float(line["fpc"]) for line in lines],
        # Whole districts were taken.
        [float(sum(line["dnum"] == other["dnum"] for other in lines)) for line in lines],
    )
    weights = np.array([float(line["pw"]) for line in lines])
    stype = {"E": 4421.0, "H": 755.0, "M": 1018.0}
    margins, people, keys = (
        [[line["stype"] for line in lines]],
        [stype],
        ["poststrat_clus1_mean", "postrat_clus1_total_enroll"],
    )
    if method == "raked":
        margins.append([line["sch.wide"] for line in lines])
        people.append({"No": 1072.0, "Yes": 5122.0})
        keys = ["rake_clus1_mean_api00", "rake_clus1_total_enroll"]
    calibration, cells = fitted(weights, margins, people, 1e-8, 100)
    assert calibration.converged
    ones, everybody = np.ones(len(lines)), np.ones(len(lines), bool)
    api00, enroll = (np.array([float(line[name]) for line in lines]) for name in ("api00", "enroll"))
    mean = total_and_ratio(design, weights, calibration, cells, api00, ones, everybody)
    assert mean["ratio"] == pytest.approx(known[keys[0]]["est"], **CLOSE)
    assert mean["ratio_se"] == pytest.approx(known[keys[0]]["se"], **CLOSE)
    total = total_and_ratio(design, weights, calibration, cells, enroll, ones, everybody)
    assert total["total"] == pytest.approx(known[keys[1]]["est"], **CLOSE)
    assert total["total_se"] == pytest.approx(known[keys[1]]["se"], **CLOSE)
    if method == "raked":
        final = weights * calibration.factors[cells]
        summary = known["rake_clus1_weights_summary"]
        assert [final.min(), np.median(final), final.mean(), final.max()] == pytest.approx(
            [summary[name] for name in ("Min.", "Median", "Mean", "Max.")], **CLOSE
        )


def scenarios() -> list[str]:
    return sorted(path.name.removesuffix("_input.csv") for path in GOLDEN.glob("calibration_*_input.csv"))


def lines_of(name: str) -> list[dict[str, str]]:
    with (GOLDEN / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("scenario", scenarios())
def test_golden(scenario: str) -> None:
    forms, expected = lines_of(f"{scenario}_input"), lines_of(f"{scenario}_expected")
    has_frame = scenario.endswith(("_two_stages", "stratified_people", "raked_people"))

    def frame(name: str) -> list[float | None]:
        return [float(form[name]) if has_frame and form[name] else None for form in forms]

    design = Design(
        [form["stratum"] for form in forms], [form["psu"] for form in forms], frame("frame_1"), frame("frame_2")
    )
    margins = sorted(name.removeprefix("people_") for name in forms[0] if name.startswith("people_"))
    categories = [["|".join(form[f"margin_{place}"] for place in margin) for form in forms] for margin in margins]
    people = [
        {value: float(form[f"people_{margin}"]) for value, form in zip(values, forms, strict=True)}
        for margin, values in zip(margins, categories, strict=True)
    ]
    weights, satisfied, answers = (
        np.array([float(form[name]) for form in forms]) for name in ("weight", "satisfied", "answers")
    )
    calibration, cells = fitted(weights, categories, people, 1e-9, 1000)
    assert calibration.converged
    final = weights * calibration.factors[cells]
    for row in expected:
        inside = np.array([row["domain"] in ("*", form["domain"]) for form in forms])
        found = total_and_ratio(design, weights, calibration, cells, satisfied, answers, inside)
        assert final[inside].sum() == pytest.approx(float(row["weight"]), **CLOSE)
        for name, value in found.items():
            assert value == pytest.approx(float(row[name]), **CLOSE), (row["domain"], name)


@given(data=st.data())
def test_calibrated_weights_add_up_to_the_people(data: st.DataObject) -> None:
    shape = data.draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    cell_weights = np.array(
        data.draw(st.lists(st.floats(0.5, 50), min_size=shape[0] * shape[1], max_size=shape[0] * shape[1]))
    )
    first = np.array(data.draw(st.lists(st.integers(10, 500), min_size=shape[0], max_size=shape[0])), dtype=float)
    second = np.array(data.draw(st.lists(st.integers(10, 500), min_size=shape[1], max_size=shape[1])), dtype=float)
    second *= first.sum() / second.sum()
    rows, columns = np.indices(shape).reshape(2, -1)
    margins = [Margin(rows, first), Margin(columns, second)]
    found = calibrate(cell_weights, margins, 1e-9 * first.sum(), 5000)
    assert found.converged
    for margin in margins:
        assert margin.totals(cell_weights * found.factors) == pytest.approx(margin.people, rel=1e-6)
    of_rows = calibrate(cell_weights, margins[:1], 1e-9 * first.sum(), 1)
    assert of_rows.converged and of_rows.rounds == 1
    assert margins[0].totals(cell_weights * of_rows.factors) == pytest.approx(first)
    # Weights that fit already stay.
    again = calibrate(cell_weights * found.factors, margins, 1e-6 * first.sum(), 1000)
    assert again.factors == pytest.approx(np.ones_like(cell_weights), rel=1e-5)


def test_margins_that_no_weights_meet_do_not_converge() -> None:
    margins = [
        Margin(np.array([0, 0, 1, 1]), np.array([50.0, 50.0])),
        Margin(np.array([0, 1, 0, 1]), np.array([60.0, 60.0])),
    ]
    assert not calibrate(np.ones(4), margins, 1e-6, 50).converged
    # One total, but every form of a category of one margin is in the same category of the other.
    of_two_cells = [Margin(np.array([0, 1]), np.array([30.0, 70.0])), Margin(np.array([0, 1]), np.array([60.0, 40.0]))]
    assert not calibrate(np.ones(2), of_two_cells, 1e-6, 50).converged


def test_kish_design_effect_and_trimming() -> None:
    weights = np.array([1.0, 1.0, 1.0, 5.0])
    assert kish_design_effect(np.full(7, 3.0)) == pytest.approx(1)
    assert kish_design_effect(weights) == pytest.approx(1 + weights.var() / weights.mean() ** 2)
    assert trimmed(weights, 1.5).tolist() == [1.0, 1.0, 1.0, 3.0]
    assert trimmed(weights, 3).tolist() == weights.tolist()
