"""The variance SQL and the intervals against R's survey package: golden pairs, and the reference values of its api samples."""

from __future__ import annotations

import csv
import re
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from design_sql import Row, variance_cells, weight

from assets.estimates.design import DesignEstimates, DomainSums, estimate_share
from assets.estimates.intervals import effective_size, korn_graubard, most_effective_n
from assets.estimates.options import EstimateOptions
from assets.estimates.sipas_round import domain_sums
from assets.warehouse.engine import Warehouse

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
SCENARIOS = sorted(path.name[7:-10] for path in GOLDEN.glob("design_*_input.csv"))
METHODS = {"beta": "korn_graubard", "xlogit": "logit", "wilson": "wilson"}
CLOSE: Any = {"rel": 1e-8, "abs": 1e-9}


def read(name: str) -> list[dict[str, str]]:
    with (GOLDEN / f"design_{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def number(text: str) -> float:
    return float(text) if text else float("nan")


def frame_of(rows: list[dict[str, str]]) -> list[Row]:
    """The rows of a sampling frame that say what the input's columns frame_1 to frame_3 say."""
    found = {}
    for row in rows:
        keys = [(row["stratum"], "", ""), (row["stratum"], row["psu"], ""), (row["stratum"], row["psu"], row["ssu"])]
        for stage, key in enumerate(keys, start=1):
            if row[f"frame_{stage}"]:
                found[key] = int(row[f"frame_{stage}"])
    return [
        {"stratum": stratum or None, "psu": psu or None, "ssu": ssu or None, "n_units": n_units}
        for (stratum, psu, ssu), n_units in found.items()
    ]


def sums_of(cells: list[Row]) -> DomainSums:
    return domain_sums(pa.Table.from_pylist(cells))


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_golden_design(scratch: Warehouse, scenario: str) -> None:
    rows = read(f"{scenario}_input")
    forms = [{name: row[name] or None for name in ("stratum", "psu", "ssu")} for row in rows]
    cells = [
        form | {"weight": weight(row["weight"]), "s": int(row["satisfied"]), "n": int(row["answers"]), "cell": cell}
        for form, row in zip(forms, rows, strict=True)
        for cell in ("*", row["domain"])
    ]
    found = {row["cell"]: row for row in variance_cells(scratch, forms, cells, frame_of(rows))}
    expected = read(f"{scenario}_expected")
    assert {row["domain"] for row in expected} == set(found)
    for policy, group in groupby(expected, key=lambda row: row["single_psu"]):
        lines = list(group)
        sums = sums_of([found[line["domain"]] for line in lines])
        for method, interval in METHODS.items():
            options = EstimateOptions.model_validate({"single_psu": policy, "interval": interval})
            compare(estimate_share(sums, options), sums, lines, method)


def compare(found: DesignEstimates, sums: DomainSums, lines: list[dict[str, str]], method: str) -> None:
    """Every figure R printed; where it printed none, what the method page says."""
    for place, line in enumerate(lines):
        assert found.proportion[place] == pytest.approx(number(line["estimate"]), **CLOSE)
        assert found.degrees_of_freedom[place] == int(line["df"])
        assert found.standard_error[place] == pytest.approx(number(line["se"]), nan_ok=True, **CLOSE)
        if line["deff"]:
            assert found.design_effect[place] == pytest.approx(number(line["deff"]), **CLOSE)
        bounds = number(line[f"{method}_low"]), number(line[f"{method}_high"])
        if not line[f"{method}_low"]:
            has_bounds = found.standard_error[place] == 0 and found.proportion[place] in (0, 1)
            assert np.isnan(found.low[place]) != has_bounds
        elif method == "beta":
            one = slice(place, place + 1)
            variance = found.standard_error[one] ** 2
            size = effective_size(found.proportion[one], variance, sums.answers[one], found.degrees_of_freedom[one])
            low, high = korn_graubard(found.proportion[one], size)
            assert (low[0], high[0]) == pytest.approx(bounds, **CLOSE)
            cap = most_effective_n(sums.answers, sums.forms.astype(float), sums.moments)[place]
            assert found.effective_n[place] == pytest.approx(min(size[0], cap), **CLOSE)
        else:
            assert (found.low[place], found.high[place]) == pytest.approx(bounds, **CLOSE)


def test_the_scenarios_meet_what_they_are_for() -> None:
    """Else a golden file could pass without having tested anything."""
    expected = {scenario: read(f"{scenario}_expected") for scenario in SCENARIOS}
    assert len(SCENARIOS) >= 15
    se = {(name, row["single_psu"], row["domain"]): row["se"] for name, rows in expected.items() for row in rows}
    assert se["single_cluster", "fail", "*"] == se["single_person_fpc", "average", "*"] == ""
    one = {se["single_cluster", policy, "*"] for policy in ("certainty", "adjust", "average")}
    assert len(one) == 3 and "" not in one
    assert any(row["df"] == "0" for row in expected["edges"])


def test_the_worked_example_of_the_method_page(scratch: Warehouse) -> None:
    page = (GOLDEN.parents[1] / "docs" / "methods" / "survey-rounds.md").read_text(encoding="utf-8")
    table = re.findall(r"^\| ([AB]) \| (\w+) \| (\d+) \| (\d) \| (\d) \| (\S+) \|$", page, re.MULTILINE)
    assert len(table) == 9
    forms = [{"stratum": stratum, "psu": psu, "ssu": None} for stratum, psu, *_ in table]
    cells = [
        form | {"weight": weight(w), "s": int(s), "n": int(n), "cell": "*"}
        for form, (_, _, w, s, n, _) in zip(forms, table, strict=True)
    ]
    sizes = {("A", None): 5, ("B", None): 4, ("A", "a1"): 40, ("A", "a2"): 50, ("B", "b1"): 20, ("B", "b2"): 30}
    frame = [{"stratum": stratum, "psu": psu, "ssu": None, "n_units": n} for (stratum, psu), n in sizes.items()]
    plain = estimate_share(sums_of(variance_cells(scratch, forms, cells)), EstimateOptions())
    framed = estimate_share(sums_of(variance_cells(scratch, forms, cells, frame)), EstimateOptions())
    for _, _, w, s, n, residual in table:
        assert float(residual.replace("−", "-")) == pytest.approx(int(w) * (int(s) - 0.7 * int(n)))
    unweighted = sum(int(row[3]) for row in table) / sum(int(row[4]) for row in table)
    for figure, value in (
        ("`estimate_pct` = {:.2f}", 100 * plain.proportion[0]),
        ("`index_pct` = {:.2f}", 100 * unweighted),
        ("= 0.0029; `se_pct` = {:.2f}", 100 * plain.standard_error[0]),
        ("`df` = 4 − 2 = {:.0f}", plain.degrees_of_freedom[0]),
        ("`deff` = {:.2f}", plain.design_effect[0]),
        ("n / deff* = {:.2f};", plain.effective_n[0]),
        ("**{:.2f} %", 100 * plain.low[0]),
        ("{:.2f} %**", 100 * plain.high[0]),
        ("SE² = {:.3f} / 400²", 400**2 * framed.standard_error[0] ** 2),
        ("400²; `se_pct` = {:.2f}", 100 * framed.standard_error[0]),
    ):
        assert figure.format(value) in page, figure
    assert (plain.presentation[0], plain.reason[0]) == ("suppress", "n_eff_below_30")
