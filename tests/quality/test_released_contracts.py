"""What landed under the contracts of any release is read by this version; a change of a contract without a step fails here."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa
from workspaces import case_row, case_spec, make_workspace, put_cases, take, write_spec

import assets.landing.take_in as take_in_module
from assets.landing.versions import files_of_now, table_of_now
from assets.ledger import Part
from assets.warehouse.duckdb_engine import DuckDBWarehouse
from pipelines.resources import office_at_work
from pipelines.settings import SettingsError, load_settings
from quality.contract import Contract, landing_schema, load_contracts
from quality.upconvert import STEPS, version_problem
from quality.verdict import GateResult
from scripts.freeze_contracts import meaning

RELEASES = sorted((Path(__file__).parent / "released").glob("*.json"))
FROZEN = [
    pytest.param(dataset, content, id=f"{release.stem}-{dataset}")
    for release in RELEASES
    for dataset, content in json.loads(release.read_text(encoding="utf-8")).items()
]
TYPES = {str(kind): kind for kind in (pa.string(), pa.int64(), pa.date32(), pa.timestamp("us"), pa.decimal128(18, 4))}


def typed(value: Any, kind: pa.DataType) -> Any:
    if value is None or pa.types.is_string(kind) or pa.types.is_integer(kind):
        return value
    if pa.types.is_decimal(kind):
        return Decimal(value)
    moment = dt.datetime.fromisoformat(value)
    return moment.date() if pa.types.is_date(kind) else moment


def landed_then(folder: Path, dataset: str, content: dict[str, Any]) -> Part:
    """A landed file as the release wrote it."""
    schema = pa.schema([(name, TYPES[kind]) for name, kind in content["columns"].items()])
    rows = [{name: typed(value, schema.field(name).type) for name, value in row.items()} for row in content["rows"]]
    path = f"landing/{dataset}/batch.parquet"
    (folder / path).parent.mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), folder / path)
    return Part(path, dataset, "batch", content["version"], len(rows))


def test_there_is_a_release() -> None:
    assert [release.stem for release in RELEASES] == ["0.1.0"]
    assert len(FROZEN) >= 30


@pytest.mark.parametrize(("dataset", "content"), FROZEN)
def test_what_landed_under_a_release_is_read_now(tmp_path: Path, dataset: str, content: dict[str, Any]) -> None:
    contract = load_contracts()[dataset]
    assert contract.version >= content["version"], "a version is never taken back"
    if contract.version == content["version"]:
        assert meaning(contract) == content["fields"], (
            "raise the contract's version, with a step in quality/upconvert.py"
        )
    part = landed_then(tmp_path, dataset, content)
    assert version_problem(contract, part.contract_version, part.path) is None
    [file] = files_of_now(tmp_path, [part], contract, tmp_path / "warehouse")
    rows, before = pq.read_table(file), pq.read_table(tmp_path / part.path)
    assert rows.cast(landing_schema(contract)).to_pylist() == table_of_now(tmp_path, part, contract).to_pylist()
    assert before.num_rows == rows.num_rows == 2
    for field in contract.fields:
        if field.required and field.name in rows.column_names:
            assert rows[field.name].null_count == 0, field.name
        if field.values:
            assert set(rows[field.name].drop_null().to_pylist()) <= set(field.values), field.name
    if all(
        STEPS[(dataset, number)].__name__ == "only_adds" for number in range(part.contract_version, contract.version)
    ):
        kept = [name for name in before.column_names if name in rows.column_names]
        assert kept == before.column_names, "a step that drops a column says so"
        assert rows.select(kept).to_pylist() == before.to_pylist()


# A step that changes something, on a contract of its own


def contract_of(version: int, fields: list[dict[str, Any]]) -> Contract:
    label = {"vi": "x", "en": "x"}
    full = [{"label": label, "description": "x", **field} for field in fields]
    return Contract.model_validate(
        {
            "dataset": "visit",
            "version": version,
            "kind": "record",
            "title": label,
            "grain": "x",
            "fields": full,
            "rules": [],
        }
    )


FIRST = contract_of(
    1, [{"name": "record_id", "type": "text"}, {"name": "state", "type": "code", "values": ["open", "ended"]}]
)
NOW = contract_of(
    3,
    [
        {"name": "record_id", "type": "text"},
        {"name": "outcome", "type": "code", "values": ["running", "done", "refused"], "required": True},
        {"name": "minutes", "type": "decimal"},
    ],
)


def with_outcome(relation: str) -> str:
    return (
        "SELECT * EXCLUDE (state), CASE state WHEN 'open' THEN 'running' WHEN 'ended' THEN 'done' END AS outcome "
        f"FROM ({relation})"
    )


def with_minutes(relation: str) -> str:
    return f"SELECT *, CASE outcome WHEN 'done' THEN 15 END AS minutes FROM ({relation})"


def test_a_step_changes_rows_on_their_way_to_the_warehouse_and_not_in_landing(tmp_path: Path) -> None:
    lineage = {column.name: 1 if pa.types.is_integer(column.type) else "x" for column in landing_schema(FIRST)}
    rows = [lineage | {"record_key": key, "state": state} for key, state in (("a", "open"), ("b", "ended"))]
    parts = []
    for version, contract, content in (
        (1, FIRST, rows),
        (3, NOW, [lineage | {"record_key": "c", "outcome": "refused", "minutes": None}]),
    ):
        path = f"landing/visit/{version}.parquet"
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.Table.from_pylist(content, schema=landing_schema(contract)), tmp_path / path)
        parts.append(Part(path, "visit", str(version), version, len(content)))
    before = (tmp_path / parts[0].path).read_bytes()
    steps = {("visit", 1): with_outcome, ("visit", 2): with_minutes}
    files = files_of_now(tmp_path, parts, NOW, tmp_path / "warehouse", steps)
    assert files[1] == tmp_path / parts[1].path, "what is of this version is read where it lies"
    warehouse = DuckDBWarehouse(tmp_path / "warehouse" / "sipas.duckdb")
    warehouse.load({"visit": files}, {"visit": landing_schema(NOW)})
    found = warehouse.query("SELECT record_key, outcome, minutes FROM landing.visit ORDER BY 1").to_pylist()
    warehouse.close()
    assert [tuple(row.values()) for row in found] == [
        ("a", "running", None),
        ("b", "done", Decimal(15)),
        ("c", "refused", None),
    ]
    assert (tmp_path / parts[0].path).read_bytes() == before
    problem = version_problem(NOW, 1, "landing/visit/1.parquet", {("visit", 1): with_outcome})
    assert problem is not None and problem.rule == "contract.no_step" and "from version 2 to 3" in problem.render()


@pytest.mark.parametrize(("version", "rule"), [(0, "contract.no_step"), (99, "contract.too_new")])
def test_landed_files_that_cannot_be_read_stop_a_run_at_its_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: int, rule: str
) -> None:
    monkeypatch.setattr(take_in_module, "_judge", lambda *arguments: GateResult("case", True, (), b""))
    workspace = make_workspace(tmp_path / "office")
    write_spec(workspace, "ho_so", case_spec())
    put_cases(workspace, "inbox/ho_so/a.csv", [case_row(1)])
    take(workspace)
    engine = sa.create_engine(f"sqlite:///{workspace.state / 'ledger.sqlite'}")
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE part SET contract_version = :version"), {"version": version})
    engine.dispose()
    with pytest.raises(SettingsError) as stopped, office_of(workspace):
        pass
    [problem] = stopped.value.problems
    assert problem.rule == rule and problem.file is not None and problem.file.startswith("landing/case/")


def office_of(workspace: Any) -> Any:
    return office_at_work(workspace, load_settings(workspace), lambda line: None)
