"""Data packages of a revision and of its districts, judged by the frictionless library."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest
from frictionless import Package
from publish_warehouse import Warehouse

from assets.disclosure.plan import Plan
from assets.disclosure.rules import DisclosureRules
from assets.publish import contents as publishing
from assets.publish.changes_sheet import NOTHING
from assets.publish.contents import Contents
from assets.publish.context import PublishContext
from assets.publish.districts import districts_of, write_districts
from assets.publish.marts import MartReader, marts_of
from assets.publish.revision import publish
from assets.publish.tables import write_open_mart
from assets.workspace import Workspace


@pytest.fixture
def city(make_warehouse: Callable[..., Warehouse]) -> Warehouse:
    """The district of the other tests and one beside it with one commune, both of a city that is the office."""
    warehouse = make_warehouse(units=3, months=2, fact_rows=0)
    warehouse.execute("update marts.dim_admin_unit set office_code = '01'")
    for old, new, parent in (("282", "283", "01"), ("10441", "20001", "283")):
        for mart in ("dim_admin_unit", "sipas_index", "case_settlement", "complaint_handling", "submission_status"):
            changed = f"'{new}' as unit_code" + (f", '{parent}' as parent_code" if mart == "dim_admin_unit" else "")
            warehouse.execute(
                f"insert into marts.{mart} select * replace ({changed}) from marts.{mart} where unit_code = '{old}'"
            )
    return warehouse


@pytest.fixture
def revision(
    city: Warehouse, workspace: Workspace, manifest: dict[str, Any], context: PublishContext, monkeypatch: pytest.MonkeyPatch
) -> Path:  # fmt: skip
    """The open folder of a published revision, without its pages."""
    for name in ("write_site", "write_dictionary", "write_dbt_docs"):
        monkeypatch.setattr(publishing, name, lambda *arguments: None)
    return publish(workspace, "r1", Contents(city.query, manifest, context, {})) / "open"


def faults(descriptor: Path) -> list[tuple[str, str]]:
    report = Package(str(descriptor)).validate()
    return [(name, kind) for name, kind in report.flatten(["name", "type"])]


def codes(folder: Path, mart: str) -> set[str]:
    return set(pq.read_table(folder / "marts" / f"{mart}.parquet")["unit_code"].to_pylist())


def test_the_packages_are_valid_and_complete(revision: Path) -> None:
    assert faults(revision / "datapackage.json") == []
    package = json.loads((revision / "datapackage.json").read_text(encoding="utf-8"))
    assert [district["code"] for district in package["districts"]] == ["282", "283"]
    for district in package["districts"]:
        assert faults(revision / district["path"]) == []
        part = json.loads((revision / district["path"]).read_text(encoding="utf-8"))
        assert part["name"].endswith(district["code"]) and district["title"] in part["title"]
        assert [table["name"] for table in part["resources"]] == [table["name"] for table in package["resources"]]
    [index] = [table for table in package["resources"] if table["name"] == "sipas_index"]
    keys = {key["reference"]["resource"]: key["fields"] for key in index["schema"]["foreignKeys"]}
    assert keys == {
        "dim_admin_unit": ["unit_code", "unit_valid_from"],
        "dim_reporting_period": ["period_id"],
        "dim_instrument_item": ["instrument_code", "node_code"],
    }


@pytest.mark.parametrize(
    ("file", "old", "new", "fault"),
    [
        ("sipas_index.csv", b"2023-01", b"2023-99", "foreign-key"),
        ("sipas_index.csv", b"10444", b"10441", "primary-key"),
        ("sipas_index.csv", b"1900-01-01", b"1900-00-01", "type-error"),
        ("dim_admin_unit.csv", "Xã An Mỹ".encode(), "Xã An My".encode(), "hash-count"),
    ],
)
def test_what_is_not_as_described_is_found(revision: Path, file: str, old: bytes, new: bytes, fault: str) -> None:
    place = revision / "marts" / file
    content = place.read_bytes()
    assert old in content
    place.unlink()
    place.write_bytes(content.replace(old, new))
    assert fault in {kind for _, kind in faults(revision / "datapackage.json")}


def test_a_district_has_its_units_and_what_is_above_them(revision: Path) -> None:
    whole = {mart.stem: pq.read_table(mart) for mart in (revision / "marts").glob("*.parquet")}
    own = {"282": {"282", "282~", "10441", "10444", "10447"}, "283": {"283", "20001"}}
    for code, units in own.items():
        folder = revision / "districts" / code
        assert codes(folder, "dim_admin_unit") == units | {"01"}
        assert codes(folder, "sipas_index") == units
        for mart, table in whole.items():
            rows = table.to_pylist()
            if mart == "dim_admin_unit":
                rows = [row for row in rows if row["unit_code"] in units | {"01"}]
            elif "unit_code" in table.schema.names:
                rows = [row for row in rows if row["unit_code"] in units]
            part = pq.read_table(folder / "marts" / f"{mart}.parquet")
            assert part.schema == table.schema and part.to_pylist() == rows, mart
            text = pa_csv.read_csv(folder / "marts" / f"{mart}.csv")
            assert text.num_rows == len(rows)
        book = openpyxl.load_workbook(folder / "marts.xlsx", read_only=True)
        assert {row[0].value for row in book["sipas_index"].iter_rows(min_row=3)} == units
        book.close()
    hidden = pq.read_table(revision / "districts/282/marts/sipas_index.parquet")
    assert any(hidden["hidden"].to_pylist()), "what is hidden in the whole is hidden in the part"


def test_each_district_is_told_its_own_changes(
    revision: Path, city: Warehouse, workspace: Workspace, manifest: dict[str, Any], context: PublishContext
) -> None:
    city.execute("update marts.case_settlement set n_pending = 77 where unit_code in ('10441', '20001')")
    folder = publish(workspace, "r2", Contents(city.query, manifest, context, {})) / "open"
    told = {
        code: {
            line["unit_code"]
            for line in csv.DictReader((folder / place / "changes.csv").read_text("utf-8-sig").splitlines())
        }
        for code, place in (("all", "."), ("282", "districts/282"), ("283", "districts/283"))
    }
    assert told == {"all": {"10441", "20001"}, "282": {"10441"}, "283": {"20001"}}


def test_marts_are_cut_in_one_pass_of_batches(
    city: Warehouse, manifest: dict[str, Any], context: PublishContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "marts").mkdir()
    reader = MartReader(city.query)
    plan = Plan(DisclosureRules(10))
    marts = [mart for mart in marts_of(manifest) if mart.audience == "open"]
    tables = [write_open_mart(mart, reader, tmp_path / "marts", plan) for mart in marts]
    monkeypatch.setattr("assets.publish.districts.BATCH_ROWS", 7)
    write_districts(tables, NOTHING, context, "r1", tmp_path / "small")
    monkeypatch.undo()
    write_districts(tables, NOTHING, context, "r1", tmp_path / "large")
    for mart in ("sipas_index", "dim_admin_unit"):
        for code in ("282", "283"):
            parts = [tmp_path / size / code / "marts" / mart for size in ("small", "large")]
            assert pq.read_table(f"{parts[0]}.parquet") == pq.read_table(f"{parts[1]}.parquet")
            assert parts[0].with_suffix(".csv").read_bytes() == parts[1].with_suffix(".csv").read_bytes()


def _units(*rows: tuple[str, str, str, str | None, str | None]) -> pa.Table:
    """Rows of dim_admin_unit: code, beginning, level, parent's code, office."""
    names = ("unit_code", "unit_valid_from", "unit_level", "parent_code", "office_code")
    listed = [dict(zip(names, row, strict=True)) for row in rows]
    return pa.Table.from_pylist([
        row | {"unit_name": row["unit_code"], "parent_valid_from": "1900" if row["parent_code"] else None} for row in listed
    ])  # fmt: skip


def test_an_office_of_one_district_has_no_package_beside_the_whole() -> None:
    district = [
        ("2", "1900", "district", "1", "2"),
        ("21", "1900", "commune", "2", "2"),
        ("21", "2025", "commune", "2", "2"),
    ]
    assert districts_of(_units(("1", "1900", "province", None, None), *district)) == ()


def test_units_outside_districts_make_a_district_a_part() -> None:
    # From 1 July 2025 communes stand below the province itself.
    [found] = districts_of(_units(
        ("1", "1900", "province", None, "1"), ("2", "1900", "district", "1", "1"), ("21", "1900", "commune", "2", "1"),
        ("21", "2025", "commune", "1", "1"),
    ))  # fmt: skip
    assert found.code == "2" and len(found.units) == 2 and len(found.above) == 1
    without = _units(("1", "1900", "province", None, "1"), ("21", "2025", "commune", "1", "1"))
    assert districts_of(without) == ()
