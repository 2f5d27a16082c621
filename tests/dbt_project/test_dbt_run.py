"""The run of dbt inside the process: failures as data, no file in the project, no stale reading afterwards."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
from builds import assert_good, build_all
from landing_sample import empty_sample, make_sample

from assets.warehouse.dbt import PROJECT, NodeResult, build
from assets.warehouse.duckdb_engine import DuckDBWarehouse
from assets.warehouse.postgres_engine import PostgresWarehouse


def files_of_project() -> set[Path]:
    return set(PROJECT.rglob("*"))


def test_a_second_build_shows_the_new_data_and_leaves_the_project_alone(tmp_path: Path) -> None:
    before = files_of_project()
    warehouse = DuckDBWarehouse(tmp_path / "warehouse" / "sipas.duckdb")
    build_all(warehouse, empty_sample())
    of_cases = "SELECT * FROM intermediate.int_case"
    assert warehouse.query(of_cases).num_rows == 0
    seen: list[NodeResult] = []
    full = make_sample()
    warehouse.load(full.tables, full.schemas)
    results = build(warehouse, "phase_1", seen.append)
    assert_good(results)
    assert warehouse.query(of_cases).num_rows > 0
    assert sorted(seen, key=lambda node: node.unique_id) == sorted(results, key=lambda node: node.unique_id)
    assert files_of_project() == before
    warehouse.close()


def test_a_failing_test_and_what_depends_on_it_come_back_as_data(tmp_path: Path) -> None:
    sample = make_sample()
    inputs = sample.tables["input"]
    sample.tables["input"] = pa.concat_tables([inputs, inputs.slice(0, 1)])
    warehouse = DuckDBWarehouse(tmp_path / "sipas.duckdb")
    warehouse.load(sample.tables, sample.schemas)
    results = {result.name: result for result in build(warehouse, "phase_1")}
    failed = results["unique_grain_stg_input_input_id"]
    assert (failed.status, failed.failures, failed.resource_type, failed.is_good) == ("fail", 1, "test", False)
    assert "1 result" in failed.message
    assert results["stg_case"].status == "skipped"
    warehouse.close()


def test_a_database_out_of_reach_is_one_result(tmp_path: Path) -> None:
    warehouse = PostgresWarehouse("postgresql://nobody@localhost:1/none", tmp_path)
    results = build(warehouse, "phase_1")
    assert [(result.status, result.is_good) for result in results] == [("error", False)]
    assert "port 1" in results[0].message
    assert "Traceback" not in results[0].message


def test_the_password_is_not_written(tmp_path: Path) -> None:
    warehouse = PostgresWarehouse("postgresql://nobody:wXy77secret@localhost:1/none", tmp_path)
    results = build(warehouse, "phase_1")
    assert "wXy77secret" not in results[0].message
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and b"wXy77secret" in path.read_bytes()]
