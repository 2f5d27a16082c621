"""What must hold of the project as text and manifest: generated YAML, labels, severities, style, unit tests."""

from __future__ import annotations

import csv
import runpy
import unicodedata
from pathlib import Path
from typing import Any

import pytest
import yaml

from assets.publish.disclosure import HIDDEN_COLUMN
from assets.warehouse.dbt import PROJECT, manifest, unit_test
from assets.warehouse.engine import Warehouse
from quality.contract import load_contracts

ROOT = PROJECT.parent
FORMATS = {"count", "percent", "date", "text"}


def models(schema: str) -> list[dict[str, Any]]:
    nodes = manifest("duckdb")["nodes"].values()
    return [node for node in nodes if node["resource_type"] == "model" and node["schema"] == schema]


def test_staging_yaml_is_what_the_contracts_give() -> None:
    generate = runpy.run_path(str(ROOT / "scripts" / "generate_staging.py"))["main"]
    assert generate(["--check"]) == 0


def test_every_contract_has_a_staging_model() -> None:
    assert {f"stg_{dataset}" for dataset in load_contracts()} <= {node["name"] for node in models("staging")}


def test_record_ids_and_free_text_stop_at_staging() -> None:
    columns = {column for schema in ("staging", "marts") for node in models(schema) for column in node["columns"]}
    assert not columns & {"record_id", "extra", "content_hash"}
    assert "record_key" not in {column for node in models("marts") for column in node["columns"]}


def test_contracts_are_enforced_on_staging_and_marts() -> None:
    loose = [
        node["name"] for schema in ("staging", "marts") for node in models(schema) if not node["contract"]["enforced"]
    ]
    assert loose == []


@pytest.mark.parametrize("node", models("marts"), ids=lambda node: str(node["name"]))
def test_mart_is_labelled_for_every_reader(node: dict[str, Any]) -> None:
    assert node["meta"]["audience"] in ("open", "analyst")
    assert node["description"].startswith("One row per ")
    in_vietnamese = node["meta"]["description_vi"]
    assert in_vietnamese.startswith(("Mỗi dòng ", "Như ")) and in_vietnamese.endswith(".")
    assert unicodedata.is_normalized("NFC", in_vietnamese)
    labelled = [("the mart", node["meta"]), *((name, column["meta"]) for name, column in node["columns"].items())]
    for name, meta in labelled:
        assert meta["label_vi"] and meta["label_en"], name
        assert unicodedata.is_normalized("NFC", meta["label_vi"]), name
    for name, column in node["columns"].items():
        assert column["meta"]["format"] in FORMATS and isinstance(column["meta"]["hide"], bool), name
        assert column["data_type"], name
    named = node["meta"].get("n_column", [])
    for name in [named] if isinstance(named, str) else named:
        # How many cases were late is published by law; what the row hides is who got an apology.
        assert node["columns"][name]["meta"]["hide"] or (node["name"], name) == ("case_apology", "n_late")


def test_columns_of_marts_are_explained_in_both_languages_and_the_same_thing_in_the_same_words() -> None:
    in_vietnamese: dict[str, str] = {HIDDEN_COLUMN.description: HIDDEN_COLUMN.description_vi}
    for node in models("marts"):
        for column in node["columns"].values():
            english, vietnamese = column["description"], column["meta"]["description_vi"]
            where = f"{node['name']}.{column['name']}"
            assert english and vietnamese and vietnamese != english, where
            assert unicodedata.is_normalized("NFC", vietnamese) and vietnamese == vietnamese.strip(), where
            assert in_vietnamese.setdefault(english, vietnamese) == vietnamese, where


@pytest.mark.parametrize("schema", ["staging", "intermediate", "marts"])
def test_models_with_rows_of_their_own_state_and_test_their_grain(schema: str) -> None:
    # Views that pass rows through, and events that are summed again, are tested where they are kept.
    passed_on = {
        "stg_input_change", "stg_input_rule", "stg_survey_answer", "int_case", "int_complaint", "int_survey_response", "int_case_event",
        "int_complaint_event", "int_survey_form_node", "int_survey_node_month", "int_superseded",
        "int_survey_answer_score", "int_survey_form_total",
    }  # fmt: skip
    tests = [node for node in manifest("duckdb")["nodes"].values() if node["resource_type"] == "test"]
    tested = {test["attached_node"] for test in tests if test["test_metadata"]["name"] == "unique_grain"}
    untested = {node["name"] for node in models(schema) if node["unique_id"] not in tested}
    assert untested - passed_on == set()
    assert all(node["description"].startswith("One row per ") for node in models(schema))


def test_no_severity_stands_below_error() -> None:
    """A test that may only warn would need its reason beside it; so far none does."""
    tests = [node for node in manifest("duckdb")["nodes"].values() if node["resource_type"] == "test"]
    assert {test["config"]["severity"].lower() for test in tests} == {"error"}


def test_channels_are_those_of_the_contracts() -> None:
    with (PROJECT / "seeds" / "channel.csv").open(encoding="utf-8") as file:
        seeded = {(row["dataset"], row["channel"]) for row in csv.DictReader(file)}
    wanted = {
        (dataset, channel)
        for dataset in ("case", "complaint")
        for channel in (*load_contracts()[dataset].field("channel").values, "~")
    }
    assert seeded == wanted


@pytest.mark.parametrize("path", sorted((PROJECT / "models").rglob("*.sql")), ids=lambda path: path.stem)
def test_shared_models_use_what_every_engine_has(path: Path) -> None:
    sql = path.read_text(encoding="utf-8").lower()
    assert [word for word in ("qualify", "::", "->", "list_", "unnest", "select *") if word in sql] == []


def test_settings_send_nothing_out() -> None:
    project = yaml.safe_load((PROJECT / "dbt_project.yml").read_text(encoding="utf-8"))
    assert project["flags"]["send_anonymous_usage_stats"] is False


@pytest.mark.parametrize("engine", ["duckdb_built", "postgres_built"])
def test_dbt_unit_tests_pass(engine: str, request: pytest.FixtureRequest) -> None:
    warehouse: Warehouse = request.getfixturevalue(engine)
    results = unit_test(warehouse)
    assert [(result.name, result.message) for result in results if not result.is_good] == []
    assert len(results) == len(manifest("duckdb")["unit_tests"]) > 0
