"""A simulated survey round through the pipeline: what is published against the forms, the frame and the whole population."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import openpyxl
import pytest
from scipy.special import stdtrit
from sipas_process import Sipas
from workspaces import write_no_forms

from assets.lookup.explain import explain
from assets.workspace import Workspace
from pipelines.simulate import simulate

CITY = "01"
FIRST_ITEM = 9
LEVELS = {
    None: 0,
    "Rất không hài lòng": 1,
    "Không hài lòng": 2,
    "Bình thường": 3,
    "Hài lòng": 4,
    "Rất hài lòng": 5,
}
# Areas of the form of 2022 by the numbers of their items.
NODES = {"overall": range(33), "P": range(14), "S": range(14, 33), "B": (2, 3), "Q9.1": (0,)}


@pytest.fixture(scope="module")
def workspace(sipas: Sipas, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("round") / "city"
    simulate(folder, units=1, months=1, seed=1, survey_round=True)
    write_no_forms(folder)
    done = sipas.run(Workspace(folder))
    assert done.code == 0, done.output
    return folder


@pytest.fixture(scope="module")
def truth(workspace: Path) -> dict[str, Any]:
    content = json.loads((workspace / "truth.json").read_text(encoding="utf-8"))
    return content["survey_round"]


@pytest.fixture(scope="module")
def marts(workspace: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    pointer = json.loads((workspace / "published" / "current.json").read_text(encoding="utf-8"))
    database = workspace / "published" / pointer["path"] / "analyst" / "sipas.duckdb"
    with duckdb.connect(str(database), read_only=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def published(marts: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], dict[str, Any]]:
    """The rows of the round for all respondents, by unit and node."""
    found = marts.sql(
        "SELECT * FROM marts.sipas_round WHERE round_code = 'DOT2022' AND breakdown = '*'"
    ).to_arrow_table()
    return {(row["unit_code"], row["node_code"]): row for row in found.to_pylist()}


@pytest.fixture(scope="module")
def forms(workspace: Path) -> list[tuple[str, str, str, float, list[int]]]:
    """Stratum, PSU, SSU, weight and levels of every form, read from the workbooks."""
    found = []
    for path in sorted((workspace / "inbox" / "dot_khao_sat").rglob("*.xlsx")):
        sheet = openpyxl.load_workbook(path, read_only=True).worksheets[0]
        for row in list(sheet.iter_rows(min_row=6, values_only=True))[:-1]:
            levels = [LEVELS[cell] for cell in row[FIRST_ITEM : FIRST_ITEM + 33]]
            found.append((str(row[3]), str(row[4]), str(row[5]), float(str(row[6])), levels))
    return found


@pytest.fixture(scope="module")
def frame(workspace: Path) -> dict[tuple[str, str, str], int]:
    with (workspace / "reference" / "sampling_frame.csv").open(encoding="utf-8", newline="") as file:
        return {(row["stratum"], row["psu"], row["ssu"]): int(row["n_units"]) for row in csv.DictReader(file)}


def test_as_many_forms_and_weights_as_were_drawn(truth, published, marts) -> None:
    row = marts.execute(
        "SELECT n_forms, n_strata, n_psus, n_stages, fpc, sum_of_weights FROM marts.dim_survey_round"
    ).fetchall()
    assert [tuple(found[:5]) for found in row] == [(truth["n_forms"], 6, 18, 3, "every_stratum")]
    assert float(row[0][5]) == pytest.approx(truth["sum_of_weights"], abs=1e-3)
    residents = next(found["residents"] for found in truth["population"] if found["unit"] == CITY)
    # Weights of three stages add up to the population only on average.
    assert float(row[0][5]) == pytest.approx(residents, rel=0.15)
    for unit, forms_drawn in truth["forms"].items():
        assert published[unit, "overall"]["n_forms"] == forms_drawn


def test_the_estimate_is_the_weighted_share_of_the_forms(published, forms) -> None:
    units = {CITY: forms}
    for form in forms:
        units.setdefault(form[0], [])
        units.setdefault(form[1], [])
    for unit in units.keys() - {CITY}:
        units[unit] = [form for form in forms if unit in form[:2]]
    assert len(units) == 1 + 6 + 18
    for unit, rows in units.items():
        for node, items in NODES.items():
            satisfied = sum(form[3] * sum(form[4][item] >= 4 for item in items) for form in rows)
            answers = sum(form[3] * sum(form[4][item] > 0 for item in items) for form in rows)
            assert published[unit, node]["estimate_pct"] == pytest.approx(100 * satisfied / answers, abs=1e-6)


def test_an_estimate_is_traced_to_the_forms_and_made_again(published, forms, marts) -> None:
    found = explain(marts, CITY, "DOT2022", "overall")
    assert found.agrees and found.value == published[CITY, "overall"]["estimate_pct"] != found.stated["index_pct"]
    assert found.recomputed_value == pytest.approx(found.value, abs=1e-6)
    assert sum(len(sheet.lines) for file in found.files for sheet in file.sheets) == len(forms)
    assert dict(found.notes)["design"].startswith("probability sample; 6 strata, 18 primary sampling units, 3 stage(s)")


def three_stages(z: dict[str, dict[str, dict[str, list[float]]]], frame: dict[tuple[str, str, str], int]) -> float:
    """Variance of a total of z by stratum, PSU and SSU, as Särndal, Swensson and Wretman recurse it, written as loops."""
    total = 0.0
    for stratum, psus in z.items():
        fraction = len(psus) / frame[stratum, "", ""]
        sums = [sum(sum(people) for people in ssus.values()) for ssus in psus.values()]
        total += (1 - fraction) * len(psus) * np.var(sums, ddof=1)
        for psu, ssus in psus.items():
            fraction_2 = len(ssus) / frame[stratum, psu, ""]
            total += fraction * (1 - fraction_2) * len(ssus) * np.var([sum(people) for people in ssus.values()], ddof=1)
            for ssu, people in ssus.items():
                fraction_3 = len(people) / frame[stratum, psu, ssu]
                total += fraction * fraction_2 * (1 - fraction_3) * len(people) * np.var(people, ddof=1)
    return total


@pytest.mark.parametrize("unit", [CITY, "271"])
def test_the_standard_error_is_that_of_three_stages(unit: str, published, forms, frame) -> None:
    for node, items in NODES.items():
        row = published[unit, node]
        share = row["estimate_pct"] / 100
        answers = 0.0
        z: dict[str, Any] = defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
        for stratum, psu, ssu, weight, levels in forms:
            is_member = unit in (CITY, stratum)
            valid = is_member * sum(levels[item] > 0 for item in items)
            satisfied = is_member * sum(levels[item] >= 4 for item in items)
            answers += weight * valid
            z[stratum][psu][ssu].append(weight * (satisfied - share * valid))
        assert row["se_pct"] == pytest.approx(100 * np.sqrt(three_stages(z, frame)) / answers, rel=1e-6)
        assert row["df"] == (12 if unit == CITY else 2)


def test_the_index_of_the_population_lies_where_the_sample_says(truth, published) -> None:
    census = {row["unit"]: row["nodes"] for row in truth["population"]}
    assert set(census) <= {unit for unit, _ in published}
    # All 45 nodes at once: the chance that a right estimate leaves one of them outside is below 1 in 1,000.
    reach = stdtrit(12, 1 - 0.001 / 2 / len(census[CITY]))
    held = []
    for node, found in census[CITY].items():
        row = published[CITY, node]
        assert abs(row["estimate_pct"] - found["index_pct"]) <= reach * row["se_pct"]
        held.append(row["ci_low_pct"] <= found["index_pct"] <= row["ci_high_pct"])
    assert np.mean(held) >= 0.8
    # A commune is one PSU of the round and has no standard error; so far two villages of 30 people could hardly lie.
    for unit, nodes in census.items():
        assert abs(published[unit, "overall"]["estimate_pct"] - nodes["overall"]["index_pct"]) <= 20
