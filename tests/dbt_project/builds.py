"""Building the warehouse of the sample as a run does it."""

from __future__ import annotations

from landing_sample import Sample

from assets.estimates.options import EstimateOptions
from assets.estimates.tables import write_all
from assets.warehouse.dbt import NodeResult, build
from assets.warehouse.engine import Warehouse


def build_all(warehouse: Warehouse, sample: Sample) -> None:
    """Load the sample and build both phases with the estimates between them; every node must be good."""
    warehouse.load(sample.tables, sample.schemas)
    assert_good(build(warehouse, "phase_1"))
    # The three communes of the sample's district are enough for a model.
    write_all(warehouse, EstimateOptions(small_area_groups_of=3))
    assert_good(build(warehouse, "phase_2"))


def assert_good(results: list[NodeResult]) -> None:
    assert results, "nothing was built"
    assert [(result.name, result.status, result.message) for result in results if not result.is_good] == []
