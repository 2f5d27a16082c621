"""What is made of the marts, as dbt's exposures name it: marts that exist, and for saved queries those of their SQL."""

from __future__ import annotations

import re
from typing import Any

import pytest

from assets.lookup.saved import saved_queries
from assets.publish.marts import MART_SCHEMA
from assets.warehouse.dbt import manifest

MANIFEST: dict[str, Any] = manifest("duckdb")
EXPOSURES = {exposure["name"]: exposure for exposure in MANIFEST["exposures"].values()}


def _reads(exposure: dict[str, Any]) -> set[str]:
    nodes = [MANIFEST["nodes"][name] for name in exposure["depends_on"]["nodes"]]
    return {node["name"] for node in nodes if node["schema"] == MART_SCHEMA}


@pytest.mark.parametrize("name", EXPOSURES)
def test_an_exposure_reads_marts_and_says_what_it_is_in_both_languages(name: str) -> None:
    exposure = EXPOSURES[name]
    assert re.match(r"(form|page|query)_[a-z0-9_]+$", name)
    assert _reads(exposure)
    labels = exposure["config"]["meta"]
    assert labels["label_vi"] and labels["label_en"] and exposure["description"] and exposure["owner"]["name"]


def test_every_saved_query_is_exposed_with_the_marts_of_its_sql() -> None:
    told = {name.removeprefix("query_"): _reads(EXPOSURES[name]) for name in EXPOSURES if name.startswith("query_")}
    assert told == {name: set(re.findall(r"\bmarts\.(\w+)", query.sql)) for name, query in saved_queries().items()}


def test_every_form_and_page_is_of_units_and_periods() -> None:
    whole = [name for name in EXPOSURES if name.startswith(("form_", "page_"))]
    assert len(whole) > 20
    assert [name for name in whole if not _reads(EXPOSURES[name]) >= {"dim_admin_unit", "dim_reporting_period"}] == []
