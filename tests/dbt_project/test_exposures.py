"""What is made of the marts, as dbt's exposures name it: marts that exist, and for saved queries those of their SQL."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from assets import site
from assets.forms.figures import Query
from assets.forms.kinds import form_kinds
from assets.forms.options import FormOptions
from assets.forms.scope import read_calendar
from assets.forms.write import fill_forms
from assets.lookup.saved import saved_queries
from assets.publish.marts import MART_SCHEMA
from assets.site.write import TOPICS
from assets.warehouse.dbt import manifest
from assets.warehouse.engine import Warehouse

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


@pytest.fixture(scope="module")
def asked(duckdb_built: Warehouse) -> dict[str, set[str]]:
    """The relations of the warehouse that each kind of form asked for when it was filled for every unit and period."""
    query = duckdb_built.query
    periods = read_calendar(query).periods
    found: dict[str, set[str]] = {}
    calendar = {"dim_reporting_period"}
    for kind in form_kinds(FormOptions()):
        names = found.setdefault(kind.code, set(calendar))

        def noting(sql: str, names: set[str] = names) -> pa.Table:
            names.update(re.findall(r"\b(?:marts|office|staging)\.(\w+)", sql))
            return query(sql)

        def disclosed(sql: str, noting: Query = noting) -> pa.Table:
            return noting(sql.replace("SELECT *", "SELECT *, FALSE AS hidden"))

        assert list(fill_forms(noting, periods, ["vi"], True, [kind], disclosed=disclosed))
    return found


def test_every_form_is_exposed_with_the_marts_it_is_filled_from(asked: dict[str, set[str]]) -> None:
    told = {
        name.removeprefix("form_"): {MANIFEST["nodes"][node]["name"] for node in exposure["depends_on"]["nodes"]}
        for name, exposure in EXPOSURES.items()
        if name.startswith("form_")
    }
    assert told == asked


def test_every_page_is_exposed_and_the_marts_that_are_open_are_on_pages() -> None:
    pages = {name.removeprefix("page_"): _reads(EXPOSURES[name]) for name in EXPOSURES if name.startswith("page_")}
    assert set(pages) == {topic.__name__.rpartition(".")[2] for topic in TOPICS}
    texts = "\n".join(path.read_text(encoding="utf-8") for path in Path(site.__file__).parent.rglob("*.py"))
    named = {
        node["name"]
        for node in MANIFEST["nodes"].values()
        if node.get("schema") == MART_SCHEMA and f'"{node["name"]}"' in texts
    }
    assert set().union(*pages.values()) == named
