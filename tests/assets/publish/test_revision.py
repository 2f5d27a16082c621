"""The revision folder, its pointer, its links to the last revision, and what a kill leaves behind."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
from publish_warehouse import Warehouse

from assets.publish import revision as module
from assets.publish.contents import Contents
from assets.publish.context import PublishContext, PublishError
from assets.publish.revision import current_revision, open_current, publish
from assets.publish.tables import OpenTable
from assets.workspace import Workspace

QUALITY = {"checks.json": b"{}", "data_docs/index.html": b"<p>docs</p>"}


class Killed(BaseException):
    """Stands for SIGKILL: nothing of the program catches it."""


@pytest.fixture
def plain_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """A site of one file, for tests that look at folders and not at pages."""

    def write_site(tables: list[OpenTable], context: PublishContext, revision: str, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "index.html").write_text(f"{revision} {[table.rows for table in tables]}")

    monkeypatch.setattr("assets.publish.contents.write_site", write_site)


@pytest.fixture
def kill_at(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    def arm(point: str) -> None:
        def checkpoint(name: str) -> None:
            if name == point:
                raise Killed(name)

        monkeypatch.setattr(module, "checkpoint", checkpoint)

    return arm


def _content(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def _marts(database: Path) -> dict[str, list[tuple[Any, ...]]]:
    with duckdb.connect(str(database), read_only=True) as connection:
        tables = connection.execute("select schema_name, table_name from duckdb_tables() order by all").fetchall()
        assert {schema for schema, _ in tables} == {"marts"}
        return {name: connection.execute(f"select * from marts.{name}").fetchall() for _, name in tables}


def test_same_input_gives_the_same_bytes(
    tmp_path: Path, warehouse: Warehouse, manifest: dict[str, Any], context: PublishContext
) -> None:
    first, second = (
        publish(Workspace(tmp_path / name), "r1", Contents(warehouse.query, manifest, context, QUALITY))
        for name in ("a", "b")
    )
    contents = [_content(first), _content(second)]
    for content in contents:
        del content["analyst/sipas.duckdb"]
        # The list of checksums differs in the DuckDB file's line alone.
        listed = json.loads(content.pop("revision.json"))
        listed["files"] = [file for file in listed["files"] if file["path"] != "analyst/sipas.duckdb"]
        content["listed"] = json.dumps(listed).encode()
    assert contents[0] == contents[1]
    assert _marts(first / "analyst/sipas.duckdb") == _marts(second / "analyst/sipas.duckdb")


def test_stream_and_table_give_the_same_files(
    tmp_path: Path,
    warehouse: Warehouse,
    manifest: dict[str, Any],
    context: PublishContext,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("assets.publish.marts.BATCH_ROWS", 50)
    whole = publish(Workspace(tmp_path / "a"), "r1", Contents(warehouse.query, manifest, context, {}))
    streams = Contents(
        warehouse.query, manifest, context, {},
        query_batches=lambda sql: warehouse.query(sql).to_reader(max_chunksize=7),
    )  # fmt: skip
    streamed = publish(Workspace(tmp_path / "b"), "r1", streams)
    for name, content in _content(whole / "open").items():
        assert (streamed / "open" / name).read_bytes() == content, name
    for name, content in _content(whole / "analyst/facts").items():
        assert (streamed / "analyst/facts" / name).read_bytes() == content, name


@pytest.mark.usefixtures("plain_page")
def test_tree_pointer_and_manifest(
    workspace: Workspace, warehouse: Warehouse, manifest: dict[str, Any], context: PublishContext
) -> None:
    assert current_revision(workspace) is None
    with pytest.raises(PublishError, match="Nothing was published"):
        open_current(workspace)
    folder = publish(workspace, "r1", Contents(warehouse.query, manifest, context, QUALITY))
    assert open_current(workspace) == folder == workspace.published / "revisions" / "r1"
    assert current_revision(workspace) == "r1"
    assert json.loads((workspace.published / "current.json").read_text()) == {"revision": "r1", "path": "revisions/r1"}
    assert (workspace.published / "current").resolve() == folder.resolve()
    listed = {file["path"] for file in json.loads((folder / "revision.json").read_text())["files"]}
    assert listed == _content(folder).keys() - {"revision.json"}
    assert {"open/marts.xlsx", "open/datapackage.json", "open/site/index.html", "quality/data_docs/index.html",
            "analyst/facts/fct_case/2023-01.parquet", "analyst/facts/fct_case/no_month.parquet",
            "analyst/facts/fct_survey_answer/all.parquet"} <= listed  # fmt: skip
    assert not {name for name in listed if name.startswith("open/marts/fct_")}


@pytest.mark.usefixtures("plain_page")
def test_unchanged_files_are_linked_to_the_last_revision(
    workspace: Workspace, warehouse: Warehouse, manifest: dict[str, Any], context: PublishContext
) -> None:
    first = publish(workspace, "r1", Contents(warehouse.query, manifest, context, QUALITY))
    before = _content(first)
    warehouse.execute("update marts.case_settlement set n_opening = n_opening + 1")
    second = publish(workspace, "r2", Contents(warehouse.query, manifest, context, QUALITY))

    def linked(name: str) -> bool:
        return (first / name).stat().st_ino == (second / name).stat().st_ino

    for name in ("open/marts/sipas_index.parquet", "open/marts/sipas_index.csv", "analyst/facts/fct_case/2023-02.parquet",
                 "quality/checks.json"):  # fmt: skip
        assert linked(name), name
    for name in ("open/marts/case_settlement.csv", "open/marts.xlsx", "open/site/index.html", "revision.json"):
        assert not linked(name), name
    assert _content(first) == before
    assert current_revision(workspace) == "r2"


@pytest.mark.usefixtures("plain_page")
@pytest.mark.parametrize(
    ("point", "current"), [("publish.staged", "r1"), ("publish.renamed", "r1"), ("publish.pointed", "r2")]
)
def test_a_kill_leaves_one_whole_revision_current(
    point: str,
    current: str,
    workspace: Workspace,
    warehouse: Warehouse,
    manifest: dict[str, Any],
    context: PublishContext,
    kill_at: Callable[[str], None],
) -> None:
    old = _content(publish(workspace, "r1", Contents(warehouse.query, manifest, context, QUALITY)))
    warehouse.execute("update marts.case_settlement set n_opening = n_opening + 1")
    kill_at(point)
    with pytest.raises(Killed):
        publish(workspace, "r2", Contents(warehouse.query, manifest, context, QUALITY))
    assert current_revision(workspace) == current
    assert module.is_whole(open_current(workspace))
    assert _content(workspace.published / "revisions" / "r1") == old
    kill_at("nowhere")
    folder = publish(workspace, "r2", Contents(warehouse.query, manifest, context, QUALITY))
    assert open_current(workspace) == folder
    assert sorted(path.name for path in folder.parent.iterdir()) == ["r1", "r2"]
    assert (workspace.published / "current").resolve() == folder.resolve()


@pytest.mark.usefixtures("plain_page")
def test_a_whole_revision_is_not_written_again(
    workspace: Workspace, warehouse: Warehouse, manifest: dict[str, Any], context: PublishContext
) -> None:
    first = publish(workspace, "r1", Contents(warehouse.query, manifest, context, QUALITY))
    publish(workspace, "r2", Contents(warehouse.query, manifest, context, QUALITY))
    inode = (first / "revision.json").stat().st_ino

    def refuse(sql: str) -> Any:
        raise AssertionError(f"asked {sql}")

    assert publish(workspace, "r1", Contents(refuse, manifest, context, QUALITY)) == first
    assert (first / "revision.json").stat().st_ino == inode
    assert current_revision(workspace) == "r1"


@pytest.mark.usefixtures("plain_page")
def test_a_damaged_revision_is_replaced(
    workspace: Workspace, warehouse: Warehouse, manifest: dict[str, Any], context: PublishContext
) -> None:
    folder = publish(workspace, "r1", Contents(warehouse.query, manifest, context, QUALITY))
    page = (folder / "open/site/index.html").read_bytes()
    (folder / "open/site/index.html").unlink()
    publish(workspace, "r1", Contents(warehouse.query, manifest, context, QUALITY))
    assert (folder / "open/site/index.html").read_bytes() == page
    assert [path.name for path in folder.parent.iterdir()] == ["r1"]


@pytest.mark.usefixtures("plain_page")
def test_private_columns_and_unsafe_names_are_refused(
    workspace: Workspace, warehouse: Warehouse, manifest: dict[str, Any], context: PublishContext
) -> None:
    for name in ("../r1", ".r1", ""):
        with pytest.raises(PublishError, match="no folder name"):
            publish(workspace, name, Contents(warehouse.query, manifest, context, {}))
    with pytest.raises(PublishError, match="outside quality"):
        publish(workspace, "r1", Contents(warehouse.query, manifest, context, {"../x": b""}))
    manifest["nodes"]["model.sipas.fct_case"]["columns"]["record_key"] = {"name": "record_key"}
    with pytest.raises(PublishError, match=r"marts\.fct_case: column record_key may not leave"):
        publish(workspace, "r1", Contents(warehouse.query, manifest, context, {}))
    assert current_revision(workspace) is None


def test_a_mart_that_is_not_as_declared_stops_the_publication(
    workspace: Workspace, warehouse: Warehouse, manifest: dict[str, Any], context: PublishContext
) -> None:
    warehouse.execute("alter table marts.sipas_index drop column index_pct")
    with pytest.raises(PublishError, match=r"marts\.sipas_index cannot be read as its model declares it"):
        publish(workspace, "r1", Contents(warehouse.query, manifest, context, {}))


@pytest.mark.usefixtures("plain_page")
def test_database_carries_comments_types_and_rounded_doubles(
    workspace: Workspace, warehouse: Warehouse, manifest: dict[str, Any], context: PublishContext
) -> None:
    folder = publish(workspace, "r1", Contents(warehouse.query, manifest, context, {}))
    with duckdb.connect(str(folder / "analyst/sipas.duckdb"), read_only=True) as connection:
        comment = connection.execute("select comment from duckdb_tables() where table_name = 'fct_case'").fetchone()
        in_vietnamese = "Bảng fct_case: Mỗi dòng là một khóa của fct_case."
        assert comment == (f"{in_vietnamese} / Table fct_case: One row per key of fct_case. It's for tests.",)
        comment = connection.execute(
            "select comment from duckdb_columns() where table_name = 'fct_case' and column_name = 'month_id'"
        ).fetchone()
        assert comment == ("Cột month_id: Nghĩa của month_id / Column month_id: What month_id is",)
        # Drivers of other tools come with older versions of DuckDB.
        stored = connection.execute(
            "select tags['storage_version'] from duckdb_databases() where not internal"
        ).fetchone()
        assert stored == ("v1.2.0+",)
        rows = connection.execute("select case_id, score from marts.fct_case").fetchall()
    assert rows == [(i + 1, round(1 / (i + 3), 6)) for i in range(60)]
    assert not [path for path in (folder / "analyst").iterdir() if path.name not in ("sipas.duckdb", "facts")]
    parts = {
        path.stem: duckdb.read_parquet(str(path)).fetchall() for path in (folder / "analyst/facts/fct_case").iterdir()
    }
    assert parts.keys() == {"2023-01", "2023-02", "2023-03", "no_month"}
    assert all(row[3] == (None if month == "no_month" else month) for month, rows in parts.items() for row in rows)
    assert sorted(row[0] for rows in parts.values() for row in rows) == list(range(1, 61))
