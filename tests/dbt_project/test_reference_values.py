"""Every reference value of the `api` samples that names an estimator shipped: what R printed, from the variance SQL.

Left out by name: Wald intervals (`*_mean` of ciprop, lo and hi of means), which are not shipped; post-stratification,
raking, tests and Cronbach's alpha, which are tested where they are computed; and intervals of a share that does not
vary (`ciprop_stypeE_strat*`), where R has no answer.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from design_sql import Row, variance_cells, weight
from public_data import DATA, needs_public_data

from assets.estimates.design import DomainSums, estimate_share
from assets.estimates.intervals import Floats, effective_size, korn_graubard, logit, wilson
from assets.estimates.options import EstimateOptions
from assets.estimates.sipas_round import domain_sums
from assets.warehouse.engine import Warehouse

STATS = DATA / "stats"

pytestmark = needs_public_data

NOT_HERE = ("poststrat_", "postrat_", "rake_", "ttest_", "cronbach_", "_meta")
CLOSE: Any = {"rel": 1e-8, "abs": 1e-10}
Line = dict[str, str]
Value = Callable[[Line], int]


# sample, column of strata, of clusters, of clusters' units; columns of the frame per stage, whole where clusters are
# taken whole, none without a correction
DESIGNS: dict[str, tuple[str, str | None, str | None, tuple[str, ...]]] = {
    "srs": ("apisrs", None, None, ("fpc",)),
    "strat": ("apistrat", "stype", None, ("fpc",)),
    "strat_nofpc": ("apistrat", "stype", None, ()),
    "clus1": ("apiclus1", None, "dnum", ("fpc", "whole")),
    "clus2": ("apiclus2", None, "dnum", ("fpc1", "fpc2")),
}


@cache
def reference() -> dict[str, Any]:
    values: dict[str, Any] = json.loads((STATS / "reference_values.json").read_text(encoding="utf-8"))
    return values


@cache
def sample_lines(sample: str) -> list[Line]:
    with (STATS / f"{sample}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def one(line: Line) -> int:
    return 1


def column(name: str) -> Value:
    return lambda line: int(float(line[name]))


def level(name: str, value: str) -> Value:
    return lambda line: int(line[name] == value)


def known(name: str) -> Value:
    return lambda line: int(line[name] != "NA")


def above_800(line: Line) -> int:
    return int(int(line["api00"]) > 800)


def growth(line: Line) -> int:
    return int(line["api00"]) - int(line["api99"])


# what is summed above and below the bar, and among whom
Cell = tuple[Value, Value, Value]
CELLS: dict[str, Cell] = {
    "mean_api00": (column("api00"), one, one),
    "total_enroll": (column("enroll"), one, known("enroll")),
    "ratio_api00_api99": (column("api00"), column("api99"), one),
    "diff_api00_api99": (growth, one, one),
    "ciprop_api800": (above_800, one, one),
    "ciprop_stypeE": (level("stype", "E"), one, one),
    "domain_schwideYes": (column("api00"), one, level("sch.wide", "Yes")),
    "domain_compimpYes": (column("api00"), one, level("comp.imp", "Yes")),
    **{f"prop_stype_{stype}": (level("stype", stype), one, one) for stype in "EHM"},
    **{f"by_stype_mean_api00_{stype}": (column("api00"), one, level("stype", stype)) for stype in "EHM"},
}


def design(name: str, warehouse: Warehouse) -> dict[str, Row]:
    """The rows of the variance SQL by cell."""
    sample, stratum, psu, stages = DESIGNS[name]
    lines = sample_lines(sample)
    forms = [
        {"stratum": line[stratum] if stratum else None, "psu": line[psu] if psu else None, "ssu": None}
        for line in lines
    ]
    cells = [
        form | {"weight": weight(line["pw"]), "s": above(line), "n": below(line), "cell": cell}
        for form, line in zip(forms, lines, strict=True)
        for cell, (above, below, among) in CELLS.items()
        if among(line)
    ]
    frame: dict[tuple[str | None, str | None], int] = {}
    for form, line in zip(forms, lines, strict=True):
        for stage, size in enumerate(stages):
            place = (form["stratum"], form["psu"] if stage else None)
            frame[place] = frame.get(place, 0) + 1 if size == "whole" else int(float(line[size]))
    rows = [{"stratum": place[0], "psu": place[1], "ssu": None, "n_units": size} for place, size in frame.items()]
    return {row["cell"]: row for row in variance_cells(warehouse, forms, cells, rows)}


@pytest.fixture(scope="module", params=list(DESIGNS))
def cells(request: pytest.FixtureRequest, scratch: Warehouse) -> tuple[str, dict[str, Row]]:
    return request.param, design(request.param, scratch)


def keys_of(name: str) -> dict[str, str]:
    """Reference key → what it names, for the keys of a design. A key ends in the design, and then in the interval."""
    found = {}
    for key in reference():
        for ending in (f"_{name}", *(f"_{name}_{method}" for method in ("beta", "logit", "xlogit", "wilson", "mean"))):
            if key.endswith(ending) and not key.startswith(NOT_HERE):
                found[key] = key.removesuffix(ending)
    return found


def test_every_key_is_compared_or_named() -> None:
    compared = {key for name in DESIGNS for key in keys_of(name)}
    assert {key for key in reference() if not key.startswith(NOT_HERE)} == compared
    assert len(compared) >= 60


def test_estimates_are_what_r_prints(cells: tuple[str, dict[str, Row]]) -> None:
    name, found = cells
    for key, what in keys_of(name).items():
        value = reference()[key]
        if what.startswith("ciprop_"):
            continue
        if what in CELLS:
            compare(found[what], value, key)
            continue
        for place, stype in enumerate("EHM"):
            stated = {"est": value["est"][place], "se": value["se"][place]}
            compare(found[f"{what}_{stype}"], stated, key)


def compare(row: Row, stated: dict[str, Any], key: str) -> None:
    sums = domain_sums(pa.Table.from_pylist([row]))
    if key.startswith("total_"):
        assert row["a"] == pytest.approx(stated["est"], **CLOSE), key
        assert np.sqrt(row["first_aa"] + row["later_aa"]) == pytest.approx(stated["se"], **CLOSE), key
        return
    share, variance, df = parts(sums)
    assert share[0] == pytest.approx(stated["est"], **CLOSE), key
    assert np.sqrt(variance[0]) == pytest.approx(stated["se"], **CLOSE), key
    if "df" in stated:
        assert df[0] == stated["df"], key
    if "deff" in stated:
        found = estimate_share(sums, EstimateOptions()).design_effect[0]
        assert found == pytest.approx(stated["deff"], **CLOSE), key


def parts(sums: DomainSums) -> tuple[Floats, Floats, Any]:
    """Ratio, its variance and degrees of freedom: intervals of shares have no place where the ratio is a mean."""
    ratio = sums.total_satisfied / sums.total_answers
    variance = (sums.first.of_ratio(ratio) + sums.later.of_ratio(ratio)) / sums.total_answers**2
    return ratio, variance, sums.units - sums.strata


def test_intervals_are_what_r_prints(cells: tuple[str, dict[str, Row]]) -> None:
    name, found = cells
    for key, what in keys_of(name).items():
        method = key.rpartition("_")[2]
        if not what.startswith("ciprop_") or method == "mean" or key.startswith("ciprop_stypeE_strat"):
            continue
        sums = domain_sums(pa.Table.from_pylist([found[what]]))
        share, variance, df = parts(sums)
        if method == "beta":
            low, high = korn_graubard(share, effective_size(share, variance, sums.answers, df))
        elif method == "wilson":
            low, high = wilson(share, variance, df)
        else:
            # R's `logit` fits a regression without covariates: the same interval up to where its iterations stop.
            low, high = logit(share, variance, df)
        assert share[0] == pytest.approx(reference()[key]["est"], **CLOSE | {"abs": 1e-8}), key
        assert (low[0], high[0]) == pytest.approx((reference()[key]["lo"], reference()[key]["hi"]), abs=1e-8), key


def test_a_share_that_does_not_vary_has_exact_bounds(scratch: Warehouse) -> None:
    """Schools of one level in a sample stratified by level: the standard error is 0, and R has no interval."""
    found = design("strat", scratch)["ciprop_stypeE"]
    estimated = estimate_share(domain_sums(pa.Table.from_pylist([found])), EstimateOptions())
    assert estimated.standard_error[0] == 0
    assert (estimated.effective_n[0], estimated.method[0]) == (200, "taylor_clopper_pearson")
    assert estimated.low[0] < reference()["ciprop_stypeE_strat_beta"]["est"] < estimated.high[0]
