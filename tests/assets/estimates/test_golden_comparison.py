"""Changes, rank sets and small-area estimates against the golden pairs that comparison.R computed with base R."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from assets.estimates import sipas_change
from assets.estimates.fay_herriot import area_estimates
from assets.estimates.ranks import rank_sets

GOLDEN = Path(__file__).resolve().parents[2] / "golden"

Column = np.ndarray[Any, np.dtype[np.float64]]


def scenarios(method: str) -> list[str]:
    found = sorted(path.stem.removesuffix("_input") for path in GOLDEN.glob(f"{method}_*_input.csv"))
    return [name for name in found if (GOLDEN / f"{name}_expected.csv").exists()]


def read(name: str) -> dict[str, list[str]]:
    with (GOLDEN / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows
    return {column: [row[column] for row in rows] for column in rows[0]}


def numbers(texts: list[str]) -> Column:
    return np.array([np.nan if text in ("", "NA") else float(text) for text in texts])


@pytest.mark.parametrize("name", scenarios("change"))
def test_golden_change(name: str) -> None:
    given, expected = read(f"{name}_input"), read(f"{name}_expected")
    columns: dict[str, Any] = {key: ["x"] * len(given["family"]) for key in sipas_change.KEY}
    columns |= {"family": [int(family) for family in given["family"]]}
    columns |= {"covariance": pa.array(numbers(given["covariance"]))}
    for side in ("later", "earlier"):
        columns |= {
            f"{side}_estimate_pct": 100 * numbers(given[side]),
            f"{side}_se_pct": 100 * numbers(given[f"{side}_se"]),
        }
        columns |= {f"{side}_{figure}": numbers(given[f"{side}_{figure}"]) for figure in ("df", "n_eff")}
    found = sipas_change.estimate(pa.table(columns), 0.05)
    for figure, column, scale in (
        ("change", "change_estimate_pct", 100),
        ("se", "se_change_pct", 100),
        ("df", "df", 1),
        ("low", "ci_low_pct", 100),
        ("high", "ci_high_pct", 100),
        ("p_value", "p_value", 1),
        ("p_adjusted", "p_adjusted", 1),
        ("n_tests", "n_tests", 1),
    ):
        values = found.column(column).to_numpy().astype(float)
        assert values == pytest.approx(scale * numbers(expected[figure]), abs=2e-10, rel=1e-10, nan_ok=True), figure
    assert found.column("direction").to_pylist() == expected["direction"]


@pytest.mark.parametrize("name", scenarios("ranking"))
def test_golden_ranking(name: str) -> None:
    given, expected = read(f"{name}_input"), read(f"{name}_expected")
    found = rank_sets(numbers(given["estimate"]), numbers(given["se"]))
    for column, texts in expected.items():
        assert getattr(found, column).tolist() == [int(text) if text else -1 for text in texts], column


@pytest.mark.parametrize("name", scenarios("small_area"))
def test_golden_small_area(name: str) -> None:
    given, expected = read(f"{name}_input"), read(f"{name}_expected")
    group = numbers(given["group"]).astype(np.int64)
    found = area_estimates(numbers(given["share"]), numbers(given["n_eff"]), group)
    for column, texts in expected.items():
        # R's search for the maximum stops near it, ours at it.
        assert getattr(found, column) == pytest.approx(numbers(texts), rel=1e-5, abs=1e-9), column
