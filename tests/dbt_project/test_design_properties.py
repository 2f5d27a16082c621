"""What must hold of the estimates of any designed sample, whatever R prints: on designs that hypothesis makes up."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from design_sql import Row, variance_cells
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from assets.estimates.design import DesignEstimates, estimate_share
from assets.estimates.options import EstimateOptions
from assets.estimates.sipas_round import domain_sums
from assets.warehouse.duckdb_engine import DuckDBWarehouse
from assets.warehouse.engine import Warehouse

# Without shrinking: each example is a query, and what fails is small as it is.
FEW = settings(
    max_examples=12,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
PLACE = ("stratum", "psu", "ssu")


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    made = DuckDBWarehouse(tmp_path_factory.mktemp("properties") / "design.duckdb")
    yield made
    made.close()


@st.composite
def forms(draw: st.DrawFn, most_stages: int = 3) -> list[Row]:
    """Forms of two strata with up to so many stages; every stratum and cluster has two units at least."""
    made = []
    for stratum in "AB":
        stages = draw(st.integers(1, most_stages))
        for psu in ("p1", "p2", "p3") if stages > 1 else (None,):
            for ssu in ("s1", "s2") if stages > 2 else (None,):
                for _ in range(draw(st.integers(2, 4))):
                    n = draw(st.integers(1, 4))
                    made.append(
                        {
                            "stratum": stratum, "psu": psu, "ssu": ssu, "n": n, "s": draw(st.integers(0, n)),
                            "weight": Decimal(draw(st.integers(1, 400))) / 10,
                        }
                    )  # fmt: skip
    return made


def frame(made: list[Row], times: int) -> list[Row]:
    """So many times the units drawn at each place."""
    drawn: dict[tuple[str | None, ...], set[object]] = {}
    for number, form in enumerate(made):
        units = [form[name] for name in PLACE if form[name]] + [number]
        for depth in range(1, len(units)):
            within = (*units[:depth], None, None)[:3]
            drawn.setdefault(within, set()).add(units[depth])
    return [dict(zip(PLACE, within, strict=True)) | {"n_units": times * len(units)} for within, units in drawn.items()]


def estimates(engine: Warehouse, made: list[Row], known: list[Row] | None = None) -> DesignEstimates:
    cells = [form | {"cell": "*"} for form in made]
    rows = variance_cells(engine, [{name: form[name] for name in PLACE} for form in made], cells, known or [])
    return estimate_share(domain_sums(pa.Table.from_pylist(rows)), EstimateOptions())


@FEW
@given(made=forms(), data=st.data())
def test_the_order_of_forms_changes_nothing(engine: Warehouse, made: list[Row], data: st.DataObject) -> None:
    known = frame(made, 3)
    other = data.draw(st.permutations(made))
    for one, again in zip(
        vars(estimates(engine, made, known)).values(), vars(estimates(engine, other, known)).values(), strict=True
    ):
        np.testing.assert_array_equal(one, again)


@FEW
@given(made=forms(), factor=st.sampled_from([2, 10, 250]))
def test_the_unit_of_weights_changes_no_share(engine: Warehouse, made: list[Row], factor: int) -> None:
    one = estimates(engine, made)
    other = estimates(engine, [form | {"weight": form["weight"] * factor} for form in made])
    for name in ("proportion", "standard_error", "low", "high", "effective_n"):
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), rtol=1e-9, atol=1e-9)


@FEW
@given(made=forms(most_stages=1), times=st.sampled_from([1, 2, 10, 1000]))
def test_what_is_drawn_of_a_population_narrows_the_error(engine: Warehouse, made: list[Row], times: int) -> None:
    """People drawn directly: by the root of what is left over, down to nothing when all are drawn."""
    with_frame, without = (estimates(engine, made, known).standard_error[0] for known in (frame(made, times), None))
    assert with_frame == pytest.approx(without * (1 - 1 / times) ** 0.5, rel=1e-9, abs=1e-12)


@FEW
@given(made=forms())
def test_a_census_has_no_error(engine: Warehouse, made: list[Row]) -> None:
    assert estimates(engine, made, frame(made, 1)).standard_error[0] == 0


@FEW
@given(made=forms())
def test_a_pooled_estimate_lies_between_its_items(engine: Warehouse, made: list[Row]) -> None:
    items = [
        form | {"cell": str(item), "n": 1, "s": int(item < form["s"])} for form in made for item in range(form["n"])
    ]
    cells = [form | {"cell": "*"} for form in made] + items
    rows = variance_cells(engine, [{name: form[name] for name in PLACE} for form in made], cells)
    shares = {row["cell"]: row["a"] / row["b"] for row in rows}
    pooled = shares.pop("*")
    assert min(shares.values()) - 1e-12 <= pooled <= max(shares.values()) + 1e-12


@FEW
@given(made=forms())
def test_bounds_hold_the_estimate(engine: Warehouse, made: list[Row]) -> None:
    found = estimates(engine, made)
    assert 0 <= found.low[0] <= found.proportion[0] <= found.high[0] <= 1
    assert found.effective_n[0] <= sum(form["n"] for form in made)
