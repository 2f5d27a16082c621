"""The simulated survey round: its sample follows from its frame, its weights from its stages, its truth from its people."""

from __future__ import annotations

import csv
import hashlib
import json
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest
import yaml

from pipelines.simulate import simulate
from pipelines.simulate.calendar import WorkingDays, reporting_months
from pipelines.simulate.plan import Scene
from pipelines.simulate.population import Population, load_round
from pipelines.simulate.profile import load_profile

SMALL = {"units": 1, "months": 1, "seed": 3}
FIRST_ITEM = 9


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("round") / "city"
    simulate(target, **SMALL, survey_round=True)
    return target


@pytest.fixture(scope="module")
def truth(workspace: Path) -> dict[str, Any]:
    return json.loads((workspace / "truth.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def frame(workspace: Path) -> dict[tuple[str, str, str], int]:
    with (workspace / "reference/sampling_frame.csv").open(encoding="utf-8", newline="") as file:
        return {(row["stratum"], row["psu"], row["ssu"]): int(row["n_units"]) for row in csv.DictReader(file)}


@pytest.fixture(scope="module")
def forms(workspace: Path, truth: dict[str, Any]) -> list[tuple[Any, ...]]:
    """All rows of all workbooks of the round."""
    found: list[tuple[Any, ...]] = []
    for path in sorted((workspace / "inbox/dot_khao_sat" / truth["survey_round"]["period"]).iterdir()):
        sheet = openpyxl.load_workbook(path, read_only=True).worksheets[0]
        found += list(sheet.iter_rows(min_row=6, values_only=True))[:-1]
    return found


@pytest.fixture(scope="module")
def population() -> Population:
    settings = load_profile().settings
    months = tuple(reporting_months(settings["year"], settings["cut_off_day"], 1))
    scene = Scene(load_profile(), load_profile().units[:1], months, WorkingDays(settings["year"]), 3, 1, 1, 1)
    return Population(scene)


def hashes(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_same_seed_gives_the_same_bytes_and_the_district_stays_as_it_is(workspace: Path, tmp_path: Path) -> None:
    again, without = tmp_path / "again", tmp_path / "without"
    simulate(again, **SMALL, survey_round=True)
    assert hashes(again) == hashes(workspace)
    simulate(without, **SMALL)
    changed = {name for name, value in hashes(without).items() if hashes(workspace).get(name) != value}
    assert changed == {"sipas.yml", "truth.json"}
    assert "survey_round" not in json.loads((without / "truth.json").read_text(encoding="utf-8"))


def test_as_many_are_drawn_as_the_design_says(truth, frame, forms) -> None:
    drawn, districts = load_round()["drawn"], load_round()["districts"]
    strata, psus, ssus = defaultdict(set), defaultdict(set), Counter()
    for row in forms:
        strata[row[3]].add(row[4])
        psus[row[4]].add(row[5])
        ssus[row[5]] += 1
    assert sorted(strata) == sorted(districts)
    assert {len(found) for found in strata.values()} == {drawn["communes"]}
    assert {len(found) for found in psus.values()} == {drawn["villages"]}
    assert set(ssus.values()) == {drawn["residents"]}
    assert len(forms) == truth["survey_round"]["n_forms"] == sum(truth["survey_round"]["forms"].values())
    assert set(frame) == (
        {(district, "", "") for district in districts}
        | {(stratum, psu, "") for stratum, found in strata.items() for psu in found}
        | {(stratum, psu, ssu) for stratum, found in strata.items() for psu in found for ssu in psus[psu]}
    )


def test_weights_are_the_inverse_of_the_chances_of_the_frame(truth, frame, forms) -> None:
    drawn = load_round()["drawn"]
    for row in forms:
        stratum, psu, ssu, weight = row[3:7]
        expected = (
            frame[stratum, "", ""]
            / drawn["communes"]
            * (frame[stratum, psu, ""] / drawn["villages"])
            * (frame[stratum, psu, ssu] / drawn["residents"])
        )
        assert float(weight) == pytest.approx(expected, abs=1e-4)
    assert sum(float(row[6]) for row in forms) == pytest.approx(truth["survey_round"]["sum_of_weights"], abs=1e-4)


def test_the_truth_is_a_census_of_the_population(truth, frame, population: Population) -> None:
    found = {row["unit"]: row for row in truth["survey_round"]["population"]}
    satisfied = answers = residents = 0
    for commune in population.communes:
        if commune.district != "269":
            continue
        for village in commune.villages:
            levels = population.answers(commune, village)
            residents += len(levels)
            answers += int((levels > 0).sum())
            satisfied += int((levels >= 4).sum())
    assert found["269"]["residents"] == residents
    overall = found["269"]["nodes"]["overall"]
    assert (overall["answers"], overall["satisfied"]) == (answers, satisfied)
    assert overall["index_pct"] == pytest.approx(100 * satisfied / answers, abs=1e-9)
    districts = load_round()["districts"]
    for count in ("answers", "satisfied"):
        for node in found["01"]["nodes"]:
            assert found["01"]["nodes"][node][count] == sum(found[code]["nodes"][node][count] for code in districts)
    city = found["01"]["nodes"]
    assert city["overall"]["answers"] == city["P"]["answers"] + city["S"]["answers"]
    assert city["P"]["answers"] == sum(city[code]["answers"] for code in "ABCD")
    assert city["A"]["satisfied"] == city["Q9.1"]["satisfied"] + city["Q9.2"]["satisfied"]


def test_forms_hold_the_answers_of_residents_of_their_village(forms, population: Population) -> None:
    spec = yaml.safe_load(
        (Path(__file__).parents[3] / "examples/survey_round/sources/dot_khao_sat.yml").read_text(encoding="utf-8")
    )
    levels = spec["feeds"][1]["values"]
    code = forms[0][5]
    commune = next(commune for commune in population.communes if commune.code == forms[0][4])
    village = next(village for village in commune.villages if village.code == code)
    people = {tuple(row) for row in population.answers(commune, village).tolist()}
    for row in forms:
        if row[5] == code:
            assert tuple(int(levels[cell]) if cell else 0 for cell in row[FIRST_ITEM : FIRST_ITEM + 33]) in people


def test_people_of_one_village_resemble_each_other_as_much_as_stated(population: Population) -> None:
    """The share of the latent variance that a place explains, seen in the spread of satisfied shares between places."""
    shares, district = load_round()["latent_shares"], "271"
    means, within = [], []
    for commune in population.communes:
        if commune.district == district:
            for village in commune.villages:
                is_satisfied = population.answers(commune, village) >= 4
                means.append(is_satisfied.mean())
                within.append(is_satisfied.mean(axis=1).var())
    between = np.var(means) / (np.var(means) + np.mean(within))
    # Per person rather than per answer, and between villages of any commune: of what people as a whole differ by.
    expected = (shares["commune"] + shares["village"]) / sum(shares.values())
    assert between == pytest.approx(expected, abs=0.06)


def test_the_headings_of_the_forms_are_those_of_the_spec(workspace: Path) -> None:
    spec = yaml.safe_load((workspace / "sources/dot_khao_sat.yml").read_text(encoding="utf-8"))
    path = next((workspace / "inbox/dot_khao_sat").rglob("*.xlsx"))
    top, below = openpyxl.load_workbook(path).worksheets[0].iter_rows(min_row=4, max_row=5, values_only=True)
    named, heading = [], ""
    for upper, lower in zip(top, below, strict=True):
        heading = upper or heading
        named.append(f"{heading} / {lower}" if lower else heading)
    wanted = [*spec["feeds"][0]["record_id"], *spec["feeds"][1]["items"].values(), *spec["ignore"]]
    wanted += [
        column if isinstance(column, str) else column.get("column") for column in spec["feeds"][0]["columns"].values()
    ]
    assert set(named) == {name for name in wanted if name}
