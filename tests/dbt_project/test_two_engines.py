"""The same models on DuckDB and on PostgreSQL: every mart has the same columns and rows, doubles to 1e-9."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from assets.disclosure.plan import make_plan
from assets.disclosure.rules import DisclosureRules
from assets.publish.marts import marts_of
from assets.warehouse.dbt import manifest
from assets.warehouse.engine import Warehouse

MARTS = sorted(node["name"] for node in manifest("duckdb")["nodes"].values() if node["schema"] == "marts")


def sorted_rows(table: pa.Table) -> list[tuple[Any, ...]]:
    rows = [tuple(row.values()) for row in table.to_pylist()]
    # Doubles come last in the order: their last bits must not decide it.
    return sorted(rows, key=lambda row: ([str(cell) for cell in row if not isinstance(cell, float)], str(row)))


@pytest.mark.parametrize("mart", MARTS)
def test_mart_agrees(mart: str, duckdb_built: Warehouse, postgres_built: Warehouse) -> None:
    one, other = (warehouse.query(f"SELECT * FROM marts.{mart}") for warehouse in (duckdb_built, postgres_built))
    assert one.schema.names == other.schema.names
    assert one.num_rows == other.num_rows > 0
    for left, right in zip(sorted_rows(one), sorted_rows(other), strict=True):
        assert all(map(same_cell, left, right)), (left, right)


def same_cell(left: Any, right: Any) -> bool:
    if isinstance(left, float) and isinstance(right, float):
        return abs(left - right) <= 1e-9
    return bool(left == right)


def test_manifests_of_both_engines_declare_the_same_marts() -> None:
    def declared(kind: Any) -> dict[str, list[str]]:
        nodes = manifest(kind)["nodes"].values()
        return {node["name"]: list(node["columns"]) for node in nodes if node["schema"] == "marts"}

    assert declared("duckdb") == declared("postgres")


def test_the_open_tables_hide_the_same(duckdb_built: Warehouse, postgres_built: Warehouse) -> None:
    tables = [mart.name for mart in marts_of(manifest("duckdb"))]
    one, other = (
        make_plan(warehouse.query, tables, DisclosureRules(), None) for warehouse in (duckdb_built, postgres_built)
    )
    assert one.hidden and one == other
    assert {
        "sipas_index",
        "sipas_index_now",
        "case_settlement",
        "complaint_handling",
        "one_stop_evaluation",
    } <= one.tables
