"""One build of all golden scenarios per test session; tests only read from it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

# The landing and the build are those of the models' own tests.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "dbt_project"))

from builds import build_all
from golden_landing import golden_landing

from assets.warehouse.duckdb_engine import DuckDBWarehouse
from assets.warehouse.engine import Warehouse


@pytest.fixture(scope="session")
def golden(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    warehouse = DuckDBWarehouse(tmp_path_factory.mktemp("golden") / "sipas.duckdb")
    build_all(warehouse, golden_landing())
    yield warehouse
    warehouse.close()
